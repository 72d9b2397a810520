using System.Net;
using System.Text.Json;
using Headgate.Jobs;
using Headgate.Retries;

namespace Headgate.Remote;

/// <summary>Why a service did not do what it was asked, as its answer says. Immutable.</summary>
/// <param name="Status">The status.</param>
/// <param name="Error">Its words.</param>
/// <param name="Class">The class of the failure.</param>
/// <param name="RetryAfter">When to come again; null if it does not say.</param>
internal sealed record ServiceRefusal(int Status, string Error, FailureClass Class, TimeSpan? RetryAfter)
{
    private const int Largest = 64 * 1024;
    private const int LongestWords = 1000;

    /// <summary>A service said it, and not something else that answers there.</summary>
    public bool IsOfService { get; init; }

    /// <summary>It says itself that it will pass: there is no room now, or too many calls came, or it is being stopped.</summary>
    public bool Passes => Status is 429 or 503 or 507;

    /// <summary>What stands before the service says that it is not there.</summary>
    public bool IsOfProxy => Status is 502 or 504;

    /// <summary>Reads an answer that is none of those that were wished for.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="now">The wall clock.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<ServiceRefusal> ReadAsync(HttpResponseMessage answer, DateTimeOffset now, CancellationToken cancellation)
    {
        var stream = await answer.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var bytes = new byte[Largest];
            var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
            var after = answer.Headers.TryGetValues("Retry-After", out var values) ? Retries.RetryAfter.TryRead(values.First(), answer.Headers.Date, now) : null;
            return Of((int)answer.StatusCode, bytes.AsMemory(0, length), after);
        }
    }

    /// <summary>Understands the body of an answer: a problem of RFC 9457, or anything else.</summary>
    public static ServiceRefusal Of(int status, ReadOnlyMemory<byte> body, TimeSpan? retryAfter)
    {
        var (error, failure, isOfService) = (((HttpStatusCode)status).ToString(), ClassOf(status), false);
        try
        {
            using var json = JsonDocument.Parse(body);
            var problem = json.RootElement;
            isOfService = Text(problem, "error") is not null;
            error = Text(problem, "error") ?? Text(problem, "detail") ?? error;
            if (Text(problem, "class") is { } name && WireNames.FailureOf(name) is var told and not FailureClass.None)
                failure = told;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // What stands before the service answers in words of its own.
        }
        return new ServiceRefusal(status, Excerpt.Of(error, LongestWords), failure, retryAfter) { IsOfService = isOfService };
    }

    /// <summary>The same as an exception.</summary>
    /// <param name="service">The service.</param>
    public HeadgateException ToException(string service) =>
        new(Class, $"{service} answered {Status}: {Error}", status: (HttpStatusCode)Status) { RetryAfter = RetryAfter, Upstream = service, Refusal = this };

    private static string? Text(JsonElement problem, string member) =>
        problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static FailureClass ClassOf(int status) => status switch
    {
        401 or 403 => FailureClass.Auth,
        408 => FailureClass.Timeout,
        429 => FailureClass.RateLimit,
        >= 500 => FailureClass.Server,
        _ => FailureClass.Invalid,
    };
}
