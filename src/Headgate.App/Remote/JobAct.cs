using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Runs;

namespace Headgate.App.Remote;

/// <summary>Something that can be done to jobs of a service.</summary>
/// <param name="Verb">What is asked: <c>cancel</c>.</param>
/// <param name="Done">The member of the answer that counts, and what is told: <c>cancelled</c>.</param>
/// <param name="Many">The call that does it to all that fit a filter.</param>
/// <param name="One">The call that does it to one, by its id as it stands in a path.</param>
internal sealed record JobAct(string Verb, string Done, (HttpMethod Method, string Path) Many, Func<string, (HttpMethod Method, string Path)> One)
{
    /// <summary>Does it to jobs that are named.</summary>
    /// <returns>How it went: <see cref="ExitCode.SomeFailed"/> if it was refused for one.</returns>
    public async Task<ExitCode> DoAsync(Server server, IReadOnlyList<string> ids, bool isDryRun, bool isJson, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        var code = ExitCode.Ok;
        foreach (var id in ids)
            try
            {
                var escaped = Uri.EscapeDataString(id);
                var (method, path) = isDryRun ? (HttpMethod.Get, $"api/v1/request/{escaped}") : One(escaped);
                var answer = await server.CallAsync(method, path, cancellation);
                var by = !isDryRun && method == HttpMethod.Post ? answer.GetProperty("request_id"u8).GetString() : null;
                output.WriteLine(isJson ? answer.GetRawText() : Columns.Visible($"{id} {(isDryRun ? $"would be {Done}" : Done)}{(by is null ? "" : $" as {by}")}"));
            }
            catch (CommandException refused) when (refused.IsOfOne)
            {
                error.WriteLine($"headgate: {Columns.Visible(id)}: {refused.Message}");
                code = ExitCode.SomeFailed;
            }
        return code;
    }

    /// <summary>Does it to all jobs that fit, after it was asked whether that is meant.</summary>
    /// <param name="server">The service.</param>
    /// <param name="query">Which.</param>
    /// <param name="ask">Counts, asks, or knows already.</param>
    /// <param name="isJson">Whether the answer is written as it came.</param>
    /// <param name="output">Where data goes.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<ExitCode> DoAsync(Server server, string query, Consent ask, bool isJson, TextWriter output, CancellationToken cancellation)
    {
        if (ask != Consent.Given)
        {
            var counted = await server.CallAsync(Many.Method, $"{Many.Path}?{query}&dry_run=true", cancellation);
            var matched = counted.GetProperty("matched"u8).GetInt64() - LeftOf(counted);
            if (ask == Consent.DryRun)
            {
                output.WriteLine(isJson ? counted.GetRawText() : $"{Words.Count(matched)} would be {Done}{WhyLeft(counted)}");
                return ExitCode.Ok;
            }
            if (matched > 1 && !Confirmation.Asked($"{Words.Count(matched)} jobs would be {Done}. Go on?", $"{Words.Count(matched)} jobs fit"))
                return ExitCode.SomeFailed;
        }
        var answer = await server.CallAsync(Many.Method, $"{Many.Path}?{query}", cancellation);
        output.WriteLine(isJson ? answer.GetRawText() : Told(answer));
        return LeftOf(answer) == 0 ? ExitCode.Ok : ExitCode.SomeFailed;
    }

    private string Told(JsonElement answer) =>
        $"{Words.Count(answer.GetProperty("matched"u8).GetInt64())} matched: {Words.Count(Number(answer, Done))} {Done}{WhyLeft(answer)}";

    /// <summary>How many fit to which it is not done.</summary>
    private static long LeftOf(JsonElement answer) => Number(answer, "maybe_sent") + Number(answer, "refused");

    private static string WhyLeft(JsonElement answer)
    {
        var (maybeSent, refused) = (Number(answer, "maybe_sent"), Number(answer, "refused"));
        return (maybeSent == 0 ? "" : $"; {Words.Count(maybeSent)} left, since they may have been sent and could do harm a second time: if they are meant, name them with --filter class=maybe_sent")
            + (refused == 0 ? "" : $"; {Words.Count(refused)} left, since too many jobs wait: try again later");
    }

    private static long Number(JsonElement answer, string name) => answer.TryGetProperty(name, out var number) ? number.GetInt64() : 0;
}

/// <summary>Whether many jobs may be meant.</summary>
internal enum Consent
{
    /// <summary>It is asked for.</summary>
    Wanted,

    /// <summary>It is given.</summary>
    Given,

    /// <summary>It is only to be said how many are meant.</summary>
    DryRun,
}
