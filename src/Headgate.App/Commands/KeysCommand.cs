using System.CommandLine;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Remote;
using Headgate.App.Secrets;

namespace Headgate.App.Commands;

/// <summary><c>headgate keys add|ls|rm|pause|resume</c>: the encrypted store of this machine, and the keys of a service that runs.</summary>
internal static class KeysCommand
{
    private const string Path = "api/v1/keys";

    public static Command Create() => new("keys", "Keeps keys encrypted on this machine; shows those of a service that runs, and lets some of them rest. Their values are told nowhere.")
    {
        StoredKeysCommands.CreateAdd(), List(), StoredKeysCommands.CreateRemove(), Pause("pause", "Sends nothing more with a key of a service, until it is resumed."), Pause("resume", "Uses a key of a service again: one that was paused, or one that was not accepted and is mended."),
    };

    private static Command List()
    {
        var options = new ServerOptions("Write JSON.");
        var verb = new Command("ls", $"Shows the keys of the store of this machine; with --server (or {ServerOptions.ServerVariable}) those of a service that runs, and how they are.");
        return options.Complete(verb, StoredKeysCommands.List, (server, _, stop) => server.GetAsync(Path, stop),
            (output, answer) => WriteTable(output, answer.GetProperty("keys").EnumerateArray()));
    }

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
        string.Join(", ", key.GetProperty("limits").EnumerateArray().Select(limit => $"{limit.GetProperty("limit").GetString()}{(limit.GetProperty("left") is { ValueKind: JsonValueKind.Number } left ? $" ({left.GetInt64()} left)" : "")}")),
        key.GetProperty("reason").GetString() ?? "",
    ];
}
