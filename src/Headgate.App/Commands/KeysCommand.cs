using System.CommandLine;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Remote;

namespace Headgate.App.Commands;

/// <summary><c>headgate keys ls|pause|resume</c>: the keys of a service that runs, by their names.</summary>
internal static class KeysCommand
{
    private const string Path = "api/v1/keys";

    public static Command Create() => new("keys", "Shows the keys of a service that runs, and lets some of them rest. Their values are told nowhere.")
    {
        List(), Pause("pause", "Sends nothing more with a key, until it is resumed."), Pause("resume", "Uses a key again: one that was paused, or one that was not accepted and is mended."),
    };

    private static Command List() => new ServerOptions().Complete(new Command("ls", "Shows the keys and how they are."),
        (server, _, stop) => server.GetAsync(Path, stop),
        (output, answer) => WriteTable(output, answer.GetProperty("keys").EnumerateArray()));

    private static Command Pause(string verb, string description)
    {
        var api = new Argument<string>("API") { Description = "The API, by its name." };
        var key = new Argument<string>("KEY") { Description = "The key, by its name." };
        return new ServerOptions().Complete(new Command(verb, description) { api, key },
            (server, parse, stop) => server.CallAsync(HttpMethod.Post, Server.PathOf(Path, parse.GetValue(api)!, parse.GetValue(key)!, verb), stop),
            (output, answer) => WriteTable(output, [answer]));
    }

    private static void WriteTable(TextWriter output, IEnumerable<JsonElement> keys) =>
        Columns.Write(output, ["API", "KEY", "STATE", "UNTIL", "LIMITS", "REASON"], [.. keys.Select(RowOf)]);

    private static IReadOnlyList<string> RowOf(JsonElement key) =>
    [
        key.GetProperty("upstream").GetString()!,
        key.GetProperty("key").GetString()!,
        key.GetProperty("state").GetString()!,
        key.GetProperty("until") is { ValueKind: JsonValueKind.String } until ? Operation.Moments.Of(until.GetDateTimeOffset()) : "",
        string.Join(", ", key.GetProperty("limits").EnumerateArray().Select(limit => $"{limit.GetProperty("limit").GetString()} ({limit.GetProperty("left").GetInt64()} left)")),
        key.GetProperty("reason").GetString() ?? "",
    ];
}
