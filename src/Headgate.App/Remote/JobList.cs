using System.Globalization;
using System.Text;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Runs;
using Headgate.Jobs;
using Headgate.Queues;
using Headgate.Remote;

namespace Headgate.App.Remote;

/// <summary>Shows the jobs of a service, page by page.</summary>
/// <param name="server">The service.</param>
/// <param name="path">The page that lists them.</param>
/// <param name="order">Which come first.</param>
internal sealed class JobList(Server server, string path, JobOrder order)
{
    private static readonly string[] Head = ["ID", "STATUS", "CODE", "TRIES", "ACCEPTED", "METHOD", "URL", "WHY"];

    /// <summary>What a line of a terminal has room for.</summary>
    private static readonly int[] OnTerminal = [0, 1, 2, 6, 7];

    /// <summary>Writes a table of jobs, or a line of JSON for each.</summary>
    /// <param name="query">Which.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="isJson">Whether lines are wanted.</param>
    /// <param name="output">Where data goes.</param>
    /// <param name="error">Where talk goes.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task WriteAsync(string query, int limit, bool isJson, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        var (rows, count, next, isEnd, isNarrow) = (new List<IReadOnlyList<string>>(), 0, "", false, Terminal.OfOutput().IsTerminal);
        do
        {
            var page = string.Create(CultureInfo.InvariantCulture, $"{path}?order={WordOf(order)}&limit={Math.Min(limit - count, JobSearch.LargestPage)}{(query.Length > 0 ? $"&{query}" : "")}{(next!.Length > 0 ? $"&after={Uri.EscapeDataString(next)}" : "")}");
            next = null;
            isEnd = false;
            await server.ReadAsync(page, Take, cancellation);
            if (!isEnd)
                throw server.Stranger();
        }
        while (next is not null && count < limit);
        if (!isJson && rows.Count > 0)
            Columns.Write(output, isNarrow ? Narrow(Head) : Head, isNarrow ? [.. rows.Select(Narrow)] : rows);
        if (!isJson && rows.Count == 0)
            error.WriteLine("headgate: no job fits");
        else if (next is not null)
            error.WriteLine($"headgate: these are the {WordOf(order)} {Words.Count(count)}; there are more (--limit N, --filter)");

        void Take(JsonPart part)
        {
            if (part.Member == "next")
                (next, isEnd) = (TextOf(part.Json), true);
            if (part.Member != "requests")
                return;
            count++;
            if (isJson)
                output.WriteLine(Encoding.UTF8.GetString(part.Json.Span));
            else
                rows.Add(Row(ServiceWords.JobOf(part.Json.Span)));
        }
    }

    private static IReadOnlyList<string> Row(Job job) =>
    [
        job.Id,
        WireNames.Of(job.Status),
        job.Result?.StatusCode.ToString(CultureInfo.InvariantCulture) ?? "",
        job.Attempts.ToString(CultureInfo.InvariantCulture),
        job.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        job.Request.Method,
        job.Request.Url,
        Why(job),
    ];

    private static IReadOnlyList<string> Narrow(IReadOnlyList<string> row) => [.. OnTerminal.Select(column => row[column])];

    private static string Why(Job job) =>
        job.FailureClass != FailureClass.None ? $"{WireNames.Of(job.FailureClass)}: {job.Error}"
        : job.HasEnded ? ""
        : job.WaitingFor is { } limit ? $"waits for {limit}"
        : job.LastError ?? "";

    private static string WordOf(JobOrder order) => order == JobOrder.Newest ? "newest" : "oldest";

    private static string? TextOf(ReadOnlyMemory<byte> json)
    {
        using var text = JsonDocument.Parse(json);
        return text.RootElement.GetString();
    }
}

/// <summary>Which jobs come first in a list.</summary>
internal enum JobOrder
{
    Newest,

    Oldest,
}
