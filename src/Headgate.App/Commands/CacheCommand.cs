using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Remote;
using Headgate.App.Runs;
using Headgate.Configuration;
using Headgate.Time;

namespace Headgate.App.Commands;

/// <summary><c>headgate cache ls|show|purge</c>: the answers that a service that runs has kept.</summary>
internal static class CacheCommand
{
    private const string Path = "api/v1/cache";

    public static Command Create() => new("cache", "Shows and removes the answers that a service that runs has kept.") { List(), Show(), Purge() };

    private static Command List() => new ServerOptions().Complete(new Command("ls", "Shows how much is kept, and how often it was the answer, API by API."), (server, _, stop) => server.GetAsync(Path, stop), WriteFigures);

    private static Command Show()
    {
        var url = new Argument<string>("URL") { Description = "The whole URL, at the API." };
        return new ServerOptions().Complete(new Command("show", "Shows what is kept of a URL, and what would become of a request for it.") { url },
            (server, parse, stop) => server.GetAsync($"{Path}?url={Uri.EscapeDataString(parse.GetValue(url)!)}", stop),
            WriteAnswers);
    }

    private static void WriteAnswers(TextWriter output, JsonElement answer)
    {
        if (answer.TryGetProperty("note", out var note) && note.GetString() is { } nothing)
            output.WriteLine(nothing);
        else
            Columns.Write(output, ["STATUS", "AGE", "FRESH FOR", "BYTES", "WHERE", "VARY", "WHOSE", "SERVED", "WHY"], [.. answer.GetProperty("answers").EnumerateArray().Select(RowOf)]);
    }

    private static Command Purge()
    {
        var url = new Argument<string?>("URL") { Description = "The whole URL whose answers go.", Arity = ArgumentArity.ZeroOrOne };
        var prefix = new Option<string?>("--prefix") { HelpName = "URL", Description = "All URLs that begin so." };
        var api = new Option<string?>("--api") { HelpName = "NAME", Description = "All of an API." };
        var all = new Option<bool>("--all") { Description = "All that there is." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Count them only." };
        return new ServerOptions().Complete(new Command("purge", "Removes answers from memory and disk: the next request for each asks the API.") { url, prefix, api, all, dryRun },
            (server, parse, stop) => server.CallAsync(HttpMethod.Delete, $"{Path}?{Which(parse.GetValue(url), parse.GetValue(prefix), parse.GetValue(api), parse.GetValue(all))}{(parse.GetValue(dryRun) ? "&dry_run=true" : "")}", stop),
            (output, answer) => output.WriteLine($"{Words.Count(answer.GetProperty("matched").GetInt64())} {(answer.GetProperty("dry_run").GetBoolean() ? "would go" : "gone")}"));
    }

    private static string Which(string? url, string? prefix, string? api, bool isAll)
    {
        string[] given = [.. new[] { Part("url", url), Part("prefix", prefix), Part("api", api), isAll ? "all=true" : null }.OfType<string>()];
        return given is [var one] ? one : throw new CommandException(ExitCode.Usage, "say which answers go: one of URL, --prefix URL, --api NAME and --all");
    }

    private static string? Part(string name, string? value) => value is null ? null : $"{name}={Uri.EscapeDataString(value)}";

    private static void WriteFigures(TextWriter output, JsonElement answer)
    {
        WriteRoom(output, "memory", answer.GetProperty("memory"));
        if (answer.GetProperty("disk") is { ValueKind: JsonValueKind.Object } disk)
            WriteRoom(output, "disk", disk);
        Columns.Write(output, ["API", "CACHE", "HITS", "REVALIDATED", "STALE", "MISSES", "STORED"], [.. answer.GetProperty("apis").EnumerateArray().Select(FiguresOf)]);
    }

    private static void WriteRoom(TextWriter output, string name, JsonElement room) =>
        output.WriteLine($"{name}: {Words.Count(room.GetProperty("bytes").GetInt64())} bytes of {ByteSize.Format(room.GetProperty("limit").GetInt64())}, entries: {Words.Count(room.GetProperty("entries").GetInt64())}");

    private static IReadOnlyList<string> FiguresOf(JsonElement api) =>
        [Text(api, "api"), Text(api, "cache"), .. ((string[])["hits", "revalidated", "stale", "misses", "stored"]).Select(name => api.GetProperty(name).GetInt64().ToString(CultureInfo.InvariantCulture))];

    private static IReadOnlyList<string> RowOf(JsonElement answer) =>
    [
        answer.GetProperty("status").GetInt32().ToString(CultureInfo.InvariantCulture),
        Span(answer, "age"),
        answer.GetProperty("fresh_for").GetDouble() > 0 ? Span(answer, "fresh_for") : "stale",
        answer.GetProperty("bytes").GetInt64().ToString(CultureInfo.InvariantCulture),
        Text(answer, "place"),
        string.Join(", ", answer.GetProperty("vary").EnumerateArray().Select(name => name.GetString())),
        Text(answer, "whose"),
        answer.GetProperty("served").GetBoolean() ? "yes" : "no",
        Text(answer, "why"),
    ];

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!;

    private static string Span(JsonElement of, string name) => of.GetProperty(name).GetDouble() < 1 ? "0s" : Duration.Format(TimeSpan.FromSeconds(Math.Floor(Math.Min(of.GetProperty(name).GetDouble(), TimeSpan.MaxValue.TotalSeconds / 2))));
}
