using System.CommandLine;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Remote;

namespace Headgate.App.Commands;

/// <summary><c>headgate proxies add|ls|rm|show|pause|resume</c>: the encrypted store of this machine, and the proxies of a service that runs, by their names.</summary>
internal static class ProxiesCommand
{
    private const string Path = "api/v1/proxies";

    public static Command Create() => new("proxies", "Keeps proxies encrypted on this machine; shows those of a service that runs, and lets some of them rest. Their passwords are told nowhere.")
    {
        StoredProxiesCommands.CreateAdd(), List(), StoredProxiesCommands.CreateRemove(), Show(), Pause("pause", "Sends nothing more through a proxy of a service, until it is resumed."), Pause("resume", "Uses a proxy of a service again: one that was paused, or one that failed and is mended."),
    };

    private static Command List() => new ServerOptions("Write JSON.").Complete(
        new Command("ls", $"Shows the proxies of the store of this machine; with --server (or {ServerOptions.ServerVariable}) those of a service that runs, and how they are."),
        StoredProxiesCommands.List,
        (server, _, stop) => server.GetAsync(Path, stop),
        (output, answer) =>
        {
            foreach (var pool in answer.GetProperty("pools").EnumerateArray())
                if (pool.GetProperty("trouble").GetString() is { } trouble)
                    output.WriteLine($"{pool.GetProperty("pool").GetString()}: {trouble}");
            WriteTable(output, answer.GetProperty("proxies").EnumerateArray());
        });

    private static Command Show()
    {
        var pool = new Argument<string>("POOL") { Description = "The pool, by its name." };
        return new ServerOptions().Complete(new Command("show", "Shows what is left of the limits of the proxies of a pool of a service, at each API.") { pool },
            async (server, parse, stop) =>
            {
                var name = parse.GetValue(pool)!;
                var answer = await server.GetAsync(Path, stop);
                return answer.GetProperty("pools").EnumerateArray().Any(known => known.GetProperty("pool").GetString() == name)
                    ? JsonElement.Parse($"[{string.Join(',', answer.GetProperty("proxies").EnumerateArray().Where(proxy => proxy.GetProperty("pool").GetString() == name).Select(proxy => proxy.GetRawText()))}]")
                    : throw new CommandException(ExitCode.Configuration, $"no pool of proxies is called \"{Excerpt.Of(name)}\"; see headgate proxies ls --server URL");
            },
            (output, answer) => Columns.Write(output, ["PROXY", "EXIT", "COUNTRY", "WEIGHT", "API", "LIMITS", "REASON"],
                [.. answer.EnumerateArray().SelectMany(proxy => proxy.GetProperty("at").EnumerateArray().Select(api => PlaceOf(proxy, api)))]));
    }

    private static IReadOnlyList<string> PlaceOf(JsonElement proxy, JsonElement api) =>
    [
        proxy.GetProperty("proxy").GetString()!,
        proxy.GetProperty("exit").GetString() ?? "",
        proxy.GetProperty("country").GetString() ?? "",
        $"{proxy.GetProperty("weight").GetInt32()}",
        api.GetProperty("upstream").GetString()!,
        string.Join(", ", api.GetProperty("limits").EnumerateArray().Select(limit => $"{limit.GetProperty("limit").GetString()} ({limit.GetProperty("left").GetInt64()} left)")),
        api.GetProperty("reason").GetString() ?? "",
    ];

    private static Command Pause(string verb, string description)
    {
        var pool = new Argument<string>("POOL") { Description = "The pool, by its name." };
        var proxy = new Argument<string>("PROXY") { Description = "The proxy, by its name: its address without credentials." };
        return new ServerOptions().Complete(new Command(verb, description) { pool, proxy },
            (server, parse, stop) => server.CallAsync(HttpMethod.Post, Server.PathOf(Path, parse.GetValue(pool)!, parse.GetValue(proxy)!, verb), stop),
            (output, answer) => WriteTable(output, [answer]));
    }

    private static void WriteTable(TextWriter output, IEnumerable<JsonElement> proxies) =>
        Columns.Write(output, ["POOL", "PROXY", "STATE", "UNTIL", "SENT", "FAULTS", "LATENCY", "REASON"], [.. proxies.Select(RowOf)]);

    private static IReadOnlyList<string> RowOf(JsonElement proxy) =>
    [
        proxy.GetProperty("pool").GetString()!,
        proxy.GetProperty("proxy").GetString()!,
        proxy.GetProperty("state").GetString()!,
        proxy.GetProperty("until") is { ValueKind: JsonValueKind.String } until ? Operation.Moments.Of(until.GetDateTimeOffset()) : "",
        $"{proxy.GetProperty("taken").GetInt64() - proxy.GetProperty("faults").GetInt64()}",
        $"{proxy.GetProperty("faults").GetInt64()}",
        proxy.GetProperty("latency") is { ValueKind: JsonValueKind.Number } latency ? Runs.Words.Time((long)(latency.GetDouble() * Time.Clock.Second)) : "",
        proxy.GetProperty("reason").GetString() ?? "",
    ];
}
