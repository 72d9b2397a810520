using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.App.Operation;
using Headgate.App.Remote;

namespace Headgate.App.Commands;

/// <summary><c>headgate schedules ls|show|add|rm|run|pause|resume</c>: what a running service submits by the clock.</summary>
internal static class SchedulesCommand
{
    private const string Path = "api/v1/schedules";

    public static Command Create() => new("schedules", "Shows the schedules of a running service, adds some, and lets them rest.")
    {
        List(), One("show", "Shows a schedule, its request too.", HttpMethod.Get), Add(),
        One("rm", "Removes a schedule; what it has submitted goes on.", HttpMethod.Delete), Run(),
        Pause("pause", "Lets a schedule submit nothing until it is resumed.", isPaused: true), Pause("resume", "Lets a schedule go on; the times that have passed are left out.", isPaused: false),
    };

    private static Command List() => new ServerOptions().Complete(new Command("ls", "Shows the schedules, and when each is due."),
        (server, _, stop) => server.GetAsync(Path, stop), (output, answer) => WriteTable(output, answer.GetProperty("schedules").EnumerateArray()));

    private static Command One(string verb, string description, HttpMethod method)
    {
        var name = Name();
        return new ServerOptions().Complete(new Command(verb, description) { name },
            (server, parse, stop) => server.CallAsync(method, Server.PathOf(Path, parse.GetValue(name)!), stop),
            (output, answer) =>
            {
                if (answer.ValueKind == JsonValueKind.Undefined)
                    return;
                WriteTable(output, [answer]);
                output.WriteLine(answer.GetProperty("request").GetRawText());
            });
    }

    private static Command Add()
    {
        var name = Name();
        var cron = new Argument<string>("CRON") { Description = "When, in quotes: five fields, such as \"30 2 * * *\", or six with seconds first." };
        var request = new Argument<string>("REQUEST") { Description = "What: a URL, a request in JSON, or @FILE with one." };
        var zone = new Option<string>("--timezone") { HelpName = "ZONE", Description = "Whose clock, for example Europe/Berlin; UTC by default.", DefaultValueFactory = _ => "UTC" };
        var paused = new Option<bool>("--paused") { Description = "It rests until it is resumed." };
        return new ServerOptions().Complete(new Command("add", "Adds a schedule, or changes the one of that name.") { name, cron, request, zone, paused },
            (server, parse, stop) => server.CallAsync(HttpMethod.Put, Server.PathOf(Path, parse.GetValue(name)!), stop, new JsonObject
            {
                ["cron"] = parse.GetValue(cron), ["timezone"] = parse.GetValue(zone), ["paused"] = parse.GetValue(paused), ["request"] = RequestOf(parse.GetValue(request)!),
            }),
            (output, answer) => WriteTable(output, [answer]));
    }

    private static Command Run()
    {
        var name = Name();
        return new ServerOptions().Complete(new Command("run", "Submits the request of a schedule now; its id is what is written.") { name },
            (server, parse, stop) => server.CallAsync(HttpMethod.Post, $"{Server.PathOf(Path, parse.GetValue(name)!)}:run", stop),
            (output, answer) => output.WriteLine(answer.GetProperty("request_id").GetString()));
    }

    private static Command Pause(string verb, string description, bool isPaused)
    {
        var name = Name();
        return new ServerOptions().Complete(new Command(verb, description) { name }, async (server, parse, stop) =>
        {
            var path = Server.PathOf(Path, parse.GetValue(name)!);
            var known = JsonObject.Create(await server.GetAsync(path, stop))!;
            // What it is made of, without what is told of it.
            foreach (var member in known.Select(member => member.Key).Except(["cron", "timezone", "request"]).ToList())
                known.Remove(member);
            known["paused"] = isPaused;
            return await server.CallAsync(HttpMethod.Put, path, stop, known);
        }, (output, answer) => WriteTable(output, [answer]));
    }

    private static Argument<string> Name() => new("NAME") { Description = "The schedule, by its name." };

    private static JsonNode RequestOf(string text)
    {
        if (!text.StartsWith('@') && !text.TrimStart().StartsWith('{'))
            return new JsonObject { ["url"] = text };
        try
        {
            var json = text.StartsWith('@') ? File.ReadAllText(text[1..]) : text;
            return JsonNode.Parse(json) as JsonObject ?? throw new CommandException(ExitCode.Usage, "REQUEST is no object; give a URL, or {\"url\":…}");
        }
        catch (JsonException broken)
        {
            throw new CommandException(ExitCode.Usage, $"REQUEST: {broken.Message}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"REQUEST: {failure.Message}");
        }
    }

    private static void WriteTable(TextWriter output, IEnumerable<JsonElement> schedules) =>
        Columns.Write(output, ["NAME", "CRON", "TIMEZONE", "STATE", "NEXT", "METHOD", "URL"], [.. schedules.Select(RowOf)]);

    private static IReadOnlyList<string> RowOf(JsonElement schedule) =>
    [
        schedule.GetProperty("name").GetString()!,
        schedule.GetProperty("cron").GetString()!,
        schedule.GetProperty("timezone").GetString()!,
        schedule.GetProperty("paused").GetBoolean() ? "paused" : "on",
        schedule.GetProperty("next") is { ValueKind: JsonValueKind.String } next ? Moments.Of(next.GetDateTimeOffset()) : "",
        schedule.GetProperty("request").TryGetProperty("method", out var method) ? method.GetString()! : "GET",
        schedule.GetProperty("request").GetProperty("url").GetString()!,
    ];
}
