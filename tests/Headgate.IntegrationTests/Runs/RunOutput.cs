using System.Text.Json;
using Headgate.App.Input;
using Headgate.IntegrationTests.Fixtures;
using Headgate.Ledgers;

namespace Headgate.IntegrationTests.Runs;

/// <summary>A result, as far as tests look at it.</summary>
internal sealed record Outcome(string? Id, long Line, string Status, bool Ok, string? Class, string? Detail, int? StatusCode, int Attempts, bool MaybeSent, string? Key, DateTimeOffset? StartedAt)
{
    public static Outcome Read(string line)
    {
        using var document = JsonDocument.Parse(line);
        var json = document.RootElement;
        var error = json.GetProperty("error");
        var isError = error.ValueKind == JsonValueKind.Object;
        var result = json.GetProperty("result");
        var started = json.GetProperty("started_at");
        return new Outcome(
            json.GetProperty("id").GetString(),
            json.GetProperty("line").GetInt64(),
            json.GetProperty("status").GetString()!,
            json.GetProperty("ok").GetBoolean(),
            isError ? error.GetProperty("class").GetString() : null,
            isError ? error.GetProperty("detail").GetString() : null,
            result.ValueKind == JsonValueKind.Object ? result.GetProperty("status_code").GetInt32() : null,
            json.GetProperty("attempts").GetInt32(),
            json.GetProperty("maybe_sent").GetBoolean(),
            json.GetProperty("key").GetString(),
            started.ValueKind == JsonValueKind.String ? started.GetDateTimeOffset() : null);
    }
}

/// <summary>An attempt in a ledger; without an end when none was written.</summary>
internal sealed record Send(long Number, string? Id, long? Line, string? Key, long SentUs)
{
    public LedgerEnd? End { get; set; }
}

/// <summary>What a run left.</summary>
internal static class RunOutput
{
    public static List<Outcome> Results(this Cli cli, string name = "out.jsonl") => [.. File.ReadLines(cli.PathOf(name)).Select(Outcome.Read)];

    /// <summary>Every attempt in the order of its intent.</summary>
    public static List<Send> Ledger(this Cli cli, string name = "out.jsonl.ledger")
    {
        var sends = new List<Send>();
        var byNumber = new Dictionary<long, Send>();
        using var reader = LedgerReader.Open(cli.PathOf(name));
        while (reader.Read())
            if (reader.Kind == LedgerRecordKind.Intent)
            {
                var intent = reader.Intent;
                sends.Add(byNumber[intent.Number] = new Send(intent.Number, intent.Id, intent.Line, intent.Key, intent.SentUs));
            }
            else if (reader.Kind == LedgerRecordKind.End)
                byNumber[reader.End.Number].End = reader.End;
        Assert.Empty(reader.Damage);
        return sends;
    }

    /// <summary>The summary that <c>--json</c> writes to standard output when the results go to a file.</summary>
    public static JsonElement Summary(this CliResult result)
    {
        var line = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
        Assert.True(line?.StartsWith('{') ?? false, result.ToString());
        return JsonDocument.Parse(line!).RootElement;
    }

    public static double Seconds(this JsonElement summary, string name) => summary.GetProperty(name).GetDouble();

    public static long Number(this JsonElement summary, string name) => summary.GetProperty(name).GetInt64();

    /// <summary>Each of the ids once, and nothing else.</summary>
    public static void EachOnce(IEnumerable<Outcome> results, IEnumerable<string> ids)
    {
        var found = results.Select(result => result.Id ?? $"line {result.Line}").ToList();
        Assert.Empty(found.GroupBy(id => id).Where(group => group.Count() > 1).Select(group => group.Key));
        Assert.Empty(ids.Except(found));
        Assert.Empty(found.Except(ids));
    }

    /// <summary>The ids of an input file.</summary>
    public static async Task<List<string>> IdsAsync(string path)
    {
        var ids = new List<string>();
        await foreach (var line in new LineSource { DetectsDuplicates = false }.ReadAsync(path))
            ids.Add(line.Request?.Id ?? $"line {line.Number}");
        return ids;
    }
}
