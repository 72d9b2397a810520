using System.Text;
using System.Text.Json;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>A line of a file of results, as it is exported. Lives as long as the document it looks into.</summary>
/// <param name="line">The object.</param>
/// <param name="index">Which it is in the file, from 0.</param>
/// <param name="request">What was sent, where that is known.</param>
internal sealed class ExportedLine(JsonElement line, long index, JobRequest? request)
{
    private static readonly string[] Bodies = ["content", "content_base64", "content_file"];

    public long Index => index;

    public JobRequest? Request => request;

    /// <summary>The caller's name for it, or ours.</summary>
    public string Id => Text("id") ?? RequestId;

    public string RequestId => Text("request_id")!;

    public string? Url => Text("url");

    public string Method => Text("method") ?? "GET";

    public bool IsOk => line.GetProperty("ok"u8).GetBoolean();

    public DateTimeOffset? StartedAt => Time("started_at") ?? Time("created_at");

    /// <summary>Its answer; null if it got none.</summary>
    public JsonElement? Result => line.TryGetProperty("result"u8, out var result) && result.ValueKind == JsonValueKind.Object ? result : null;

    public int Status => Result is { } result && result.TryGetProperty("status_code"u8, out var status) && status.TryGetInt32(out var code) ? code : 0;

    /// <summary>How long its answer took; without one, how long all of it did.</summary>
    public TimeSpan Elapsed => Result is { } result && Seconds(result, "elapsed") is { } elapsed ? elapsed : Seconds(line, "latency") ?? TimeSpan.Zero;

    /// <summary>How long it waited for its turn.</summary>
    public TimeSpan Waited => line.TryGetProperty("wait"u8, out var wait) ? Seconds(wait, "gate") ?? TimeSpan.Zero : TimeSpan.Zero;

    /// <summary>Why it is not ok: the class of the failure and the words.</summary>
    public (string Class, string Detail)? Error => line.TryGetProperty("error"u8, out var error) && error.ValueKind == JsonValueKind.Object
        ? (TextOf(error, "class") ?? "failed", TextOf(error, "detail") ?? "failed")
        : null;

    /// <summary>Whether its body is told as text.</summary>
    public bool IsText => Result is { } result && result.TryGetProperty("content"u8, out _);

    /// <summary>A member, or one within it: <c>result.status_code</c>; undefined where there is none.</summary>
    public JsonElement this[IEnumerable<string> path]
    {
        get
        {
            var found = line;
            foreach (var name in path)
                if (found.ValueKind != JsonValueKind.Object || !found.TryGetProperty(name, out found))
                    return default;
            return found;
        }
    }

    /// <summary>The headers of its answer, each value by itself.</summary>
    public IEnumerable<(string Name, string Value)> Headers()
    {
        if (Result is not { } result || !result.TryGetProperty("headers"u8, out var headers) || headers.ValueKind != JsonValueKind.Object)
            yield break;
        foreach (var header in headers.EnumerateObject())
            if (header.Value.ValueKind == JsonValueKind.Array)
                foreach (var value in header.Value.EnumerateArray())
                    yield return (header.Name, value.ToString());
            else
                yield return (header.Name, header.Value.ToString());
    }

    /// <summary>The first value of a header of its answer; null if it has none.</summary>
    public string? Header(string name) => Headers().Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value).FirstOrDefault();

    /// <summary>The body of its answer.</summary>
    /// <exception cref="RequestFaultException">It lies in a file that cannot be read, or is not base64.</exception>
    public byte[] Body()
    {
        if (Result is not { } result)
            return [];
        foreach (var name in Bodies)
            if (TextOf(result, name) is { } text)
                try
                {
                    return name switch
                    {
                        "content" => Encoding.UTF8.GetBytes(text),
                        "content_base64" => Convert.FromBase64String(text),
                        _ => File.ReadAllBytes(text),
                    };
                }
                catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
                {
                    throw new RequestFaultException($"{name}: {failure.Message}", 0);
                }
        return [];
    }

    private string? Text(string name) => TextOf(line, name);

    private static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private DateTimeOffset? Time(string name) =>
        line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var time) ? time : null;

    private static TimeSpan? Seconds(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 1e9
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
