using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.App.Remote;
using Headgate.Time;

namespace Headgate.App.Commands;

/// <summary><c>headgate limits ls|set|reset|pause|resume</c>: the limits of a service that runs.</summary>
internal static class LimitsCommand
{
    private const string Path = "api/v1/limits";

    public static Command Create() => new("limits", "Shows and changes the limits of a service that runs, without a restart.")
    {
        List(), Set(), Reset(), Pause("pause", "Lets nothing more go to an API, until it is resumed; jobs wait."), Pause("resume", "Lets an API go on."),
    };

    private static Command List()
    {
        var of = new Argument<string?>("OF") { Description = "Of what: total, defaults, an API, or a part of one; everything by default.", Arity = ArgumentArity.ZeroOrOne };
        return new ServerOptions().Complete(new Command("ls", "Shows limits, and how much of them is left.") { of },
            (server, parse, stop) => server.GetAsync(PathOf(parse.GetValue(of)), stop), WriteTable);
    }

    private static Command Set()
    {
        var of = new Argument<string>("OF") { Description = "Of what: total, defaults, an API, or a part of one (github/key, github/route:search)." };
        var limits = new Argument<string[]>("LIMIT") { Description = "The limits that hold from now on: 100/s, …; or none, or learn.", Arity = ArgumentArity.OneOrMore };
        var verb = new Command("set", """
            Sets other limits, from now on and over restarts.

            No window is opened again: what was sent counts in the new limits. They hold above those of the configuration, until "limits reset" or
            until the configuration says something else there.
            """)
        { of, limits };
        return new ServerOptions().Complete(verb, (server, parse, stop) => server.CallAsync(HttpMethod.Put, PathOf(parse.GetValue(of)), stop, BodyOf(parse.GetValue(limits)!)), WriteTable);
    }

    private static Command Reset()
    {
        var of = new Argument<string?>("OF") { Description = "Of what; everything by default.", Arity = ArgumentArity.ZeroOrOne };
        return new ServerOptions().Complete(new Command("reset", "Ends what was set: the limits are those of the configuration again.") { of },
            (server, parse, stop) => server.CallAsync(HttpMethod.Post, $"{PathOf(parse.GetValue(of))}:reset", stop), WriteTable);
    }

    private static Command Pause(string verb, string description)
    {
        var api = new Argument<string>("API") { Description = "The API, by its name." };
        return new ServerOptions().Complete(new Command(verb, description) { api },
            (server, parse, stop) => server.CallAsync(HttpMethod.Post, Server.PathOf("api/v1/upstreams", parse.GetValue(api)!, verb), stop),
            (output, answer) => output.WriteLine($"{answer.GetProperty("upstream").GetString()}: {answer.GetProperty("state").GetString()}, {answer.GetProperty("waiting").GetInt64().ToString(CultureInfo.InvariantCulture)} waiting"));
    }

    private static string PathOf(string? of) => of is null ? Path : Server.PathOf(Path, of);

    private static JsonObject BodyOf(string[] limits) => new()
    {
        // The words stand for a list as a whole.
        ["limits"] = limits is ["none" or "learn"] ? limits[0] : new JsonArray([.. limits.Select(limit => (JsonNode?)limit)]),
    };

    private static void WriteTable(TextWriter output, JsonElement answer)
    {
        var places = answer.TryGetProperty("limits", out var all) && !answer.TryGetProperty("of", out _) ? all.EnumerateArray().ToList() : [answer];
        Columns.Write(output, ["OF", "LIMIT", "LEFT", "ONE MORE", "SET BY"], [.. places.SelectMany(RowsOf)]);
    }

    private static IEnumerable<IReadOnlyList<string>> RowsOf(JsonElement place)
    {
        var of = place.GetProperty("of").GetString()!;
        var set = place.GetProperty("set") is { ValueKind: JsonValueKind.Object } by ? $"{by.GetProperty("by").GetString()}, {Operation.Moments.Of(by.GetProperty("at").GetDateTimeOffset())}" : "";
        var now = place.GetProperty("now").EnumerateArray().ToList();
        if (now.Count == 0)
            yield return [of, place.GetProperty("limits").EnumerateArray().Select(limit => limit.GetString()!).DefaultIfEmpty("none").Aggregate((one, more) => $"{one}, {more}"), "", "", set];
        foreach (var limit in now)
            yield return [of, $"{limit.GetProperty("limit").GetString()}{(limit.GetProperty("learned").GetBoolean() ? " (learned)" : "")}", Left(limit), Wait(limit), set];
    }

    private static string Left(JsonElement limit) => limit.GetProperty("left") is { ValueKind: JsonValueKind.Number } left ? left.GetInt64().ToString(CultureInfo.InvariantCulture) : "not used yet";

    private static string Wait(JsonElement limit) => limit.GetProperty("left").ValueKind == JsonValueKind.Null ? ""
        : limit.GetProperty("wait") is { ValueKind: JsonValueKind.Number } wait ? (wait.GetDouble() is > 0 and var seconds ? $"in {Duration.Format(TimeSpan.FromMilliseconds(Math.Ceiling(seconds * 1000)))}" : "now")
        : "when one ends";
}
