using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.App.Remote;

namespace Headgate.App.Commands;

/// <summary><c>headgate queues ls|show|set|pause|resume</c>: the named queues of a running service.</summary>
internal static class QueuesCommand
{
    private const string Path = "api/v1/queues";

    public static Command Create() => new("queues", "Shows the named queues of a running service, bounds them, and lets them rest.")
    {
        List(), Show(), Set(), Pause("pause", "Begins nothing more of a queue, until it is resumed; what is in flight ends."), Pause("resume", "Lets a queue go on."),
    };

    private static Command List() => new ServerOptions().Complete(new Command("ls", "Shows the queues, and how many jobs of each have not ended."),
        (server, _, stop) => server.GetAsync(Path, stop), (output, answer) => WriteTable(output, answer.GetProperty("queues").EnumerateArray()));

    private static Command Show()
    {
        var queue = Name();
        return new ServerOptions().Complete(new Command("show", "Shows one queue.") { queue }, async (server, parse, stop) =>
        {
            var name = parse.GetValue(queue)!;
            foreach (var known in (await server.GetAsync(Path, stop)).GetProperty("queues").EnumerateArray())
                if (known.GetProperty("queue").GetString() == name)
                    return known;
            throw new CommandException(ExitCode.Configuration, $"no queue is called \"{Excerpt.Of(name)}\"; see headgate queues ls");
        }, (output, answer) => WriteTable(output, [answer]));
    }

    private static Command Set()
    {
        var queue = Name();
        var workers = new Argument<string>("WORKERS") { Description = "So many of its jobs are under way at once, or none for any number." };
        return new ServerOptions().Complete(new Command("set", "Bounds how many jobs of a queue are under way at once. Its limits are set by: headgate limits set queue:NAME.") { queue, workers },
            (server, parse, stop) => server.CallAsync(HttpMethod.Put, Server.PathOf(Path, parse.GetValue(queue)!), stop, new JsonObject { ["workers"] = WorkersOf(parse.GetValue(workers)!) }),
            (output, answer) => WriteTable(output, [answer]));
    }

    private static Command Pause(string verb, string description)
    {
        var queue = Name();
        return new ServerOptions().Complete(new Command(verb, description) { queue },
            (server, parse, stop) => server.CallAsync(HttpMethod.Post, $"{Server.PathOf(Path, parse.GetValue(queue)!)}:{verb}", stop),
            (output, answer) => WriteTable(output, [answer]));
    }

    private static Argument<string> Name() => new("QUEUE") { Description = "The queue, by its name." };

    private static JsonValue? WorkersOf(string text) => text == "none" ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var workers) ? JsonValue.Create(workers)
        : throw new CommandException(ExitCode.Usage, $"WORKERS is \"{Excerpt.Of(text)}\": give a whole number, or none for any number");

    private static void WriteTable(TextWriter output, IEnumerable<JsonElement> queues) =>
        Columns.Write(output, ["QUEUE", "STATE", "OPEN", "WORKERS", "LIMITS"], [.. queues.Select(RowOf)]);

    private static IReadOnlyList<string> RowOf(JsonElement queue) =>
    [
        queue.GetProperty("queue").GetString()!,
        queue.GetProperty("paused").GetBoolean() ? "paused" : "open",
        // Told where all are asked for.
        queue.TryGetProperty("open", out var open) ? open.GetInt64().ToString(CultureInfo.InvariantCulture) : "",
        queue.GetProperty("workers") is { ValueKind: JsonValueKind.Number } workers ? workers.GetInt64().ToString(CultureInfo.InvariantCulture) : "any number",
        string.Join(", ", queue.GetProperty("limits").EnumerateArray().Select(limit => limit.GetString())),
    ];
}
