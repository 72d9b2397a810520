using System.Globalization;
using System.Text;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Runs;
using Headgate.Jobs;
using Headgate.Remote;

namespace Headgate.App.Remote;

/// <summary>Shows one job closely: how it stands, its answer, its attempts, and what it waits for.</summary>
/// <param name="server">The service.</param>
/// <param name="output">Where data goes.</param>
internal sealed class JobPortrait(Server server, TextWriter output)
{
    private const int LongestBody = 2000;
    private const int Width = 12;

    public async Task WriteAsync(string id, bool isJson, CancellationToken cancellation)
    {
        var path = $"api/v1/request/{Uri.EscapeDataString(id)}";
        var told = await server.GetAsync(path, cancellation);
        if (isJson)
        {
            output.WriteLine(told.GetRawText());
            return;
        }
        var job = ServiceWords.JobOf(Encoding.UTF8.GetBytes(told.GetRawText()));
        WriteCourse(job);
        if (told.TryGetProperty("replaced_by"u8, out var by))
            Line("replaced by", by.GetString());
        if (!job.HasEnded)
            WriteWait(await server.GetAsync($"{path}/explain", cancellation));
        if (job.Result is { } result)
            WriteAnswer(result);
        WriteAttempts((await server.GetAsync($"{path}/attempts", cancellation)).GetProperty("history"u8));
    }

    private void WriteCourse(Job job)
    {
        Line("request", job.Id);
        Line("id", job.Request.Id);
        Line("sends", $"{job.Request.Method} {job.Request.Url}");
        Line("status", WireNames.Of(job.Status));
        Line("because", job.Error is { } error ? $"{WireNames.Of(job.FailureClass)}: {error}" : null);
        Line("accepted", At(job.CreatedAt));
        Line("first sent", At(job.StartedAt));
        Line("ended", job.CompletedAt is { } end ? $"{At(end)}, after {Span(job.Latency ?? TimeSpan.Zero)}" : null);
        Line("attempts", job.Attempts.ToString(CultureInfo.InvariantCulture));
        Line("waited", job.Wait > TimeSpan.Zero ? $"{Span(job.Wait)}{(job.WaitingFor is { } limit ? $", longest for {limit}" : "")}" : null);
        Line("key", job.Key);
        Line("maybe sent", job.MaybeSent ? "yes: the server may have acted on it" : null);
        Line("tags", job.Request.Tags.Count > 0 ? string.Join(", ", job.Request.Tags) : null);
        Line("context", job.Request.RawContext.IsEmpty ? null : Encoding.UTF8.GetString(job.Request.RawContext.Span));
    }

    private void WriteWait(JsonElement explained)
    {
        Line("api", Text(explained, "api"));
        Line("waits for", Text(explained, "waiting_for"));
        Line("ahead", Text(explained, "ahead") is { } ahead ? $"{ahead} jobs" : null);
        Line("starts in", explained.TryGetProperty("starts_in_seconds"u8, out var seconds) ? Span(TimeSpan.FromSeconds(seconds.GetDouble())) : null);
    }

    private void WriteAnswer(JobResult result)
    {
        Line("answer", $"{result.StatusCode} in {Span(result.Elapsed)}, {Words.Count(result.Content.Length)} bytes{(result.Headers["content-type"] is { } type ? $" of {type}" : "")}");
        foreach (var (name, value) in result.Headers)
            Line("", $"{name}: {value}");
        if (result.Content.Length == 0)
            return;
        output.WriteLine();
        output.WriteLine(result.Text is { } text
            ? string.Join('\n', Excerpt.Of(text, LongestBody).Split('\n').Select(Columns.Visible))
            : "(the body is no text: headgate jobs show ID --json has it as base64)");
    }

    private void WriteAttempts(JsonElement history)
    {
        if (history.GetArrayLength() == 0)
            return;
        output.WriteLine();
        Columns.Write(output, ["AT", "SENT", "CODE", "SECONDS", "WAITED", "FOR", "KEY", "WHY"], [.. history.EnumerateArray().Select(attempt => (IReadOnlyList<string>)
        [
            .. ((string[])["at", "sent", "status_code", "elapsed", "wait", "holding", "key", "error"]).Select(member => Text(attempt, member) ?? ""),
        ])]);
    }

    private void Line(string name, string? value)
    {
        if (value is not null)
            output.WriteLine($"{name.PadRight(Width)} {Columns.Visible(value)}".TrimEnd());
    }

    private static string? Text(JsonElement json, string member) => !json.TryGetProperty(member, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        _ => null,
    };

    private static string? At(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);

    private static string Span(TimeSpan span) => Words.Time(span.Ticks * 100);
}
