using System.Text.Json;
using Headgate.Configuration;
using Headgate.Retries;

namespace Headgate;

/// <summary>What only the body of an answer tells: that it is a refusal although its status does not say so, and what the request really cost.</summary>
internal static class AnswerBody
{
    /// <summary>A longer body is not looked into, in bytes.</summary>
    private const int Most = 1 << 20;

    /// <summary>Whether the body has to be read before anything can be decided.</summary>
    public static bool IsTelling(Attempt attempt, in Outcome outcome)
    {
        var configuration = attempt.Upstream.Configuration;
        var tells = (configuration.Throttled is { } throttled && throttled.Status.Contains(outcome.Status))
            // Whoever reads the body within the attempt tells the cost himself.
            || (attempt.Exchange.Receive is null && configuration.Costs.Count > 0 && configuration.Costs.Any(cost => cost.Actual is not null));
        return tells && IsJson(attempt.Answer!);
    }

    /// <summary>Reads it, and puts it back for whoever asked.</summary>
    public static async ValueTask<Outcome> ReadAsync(Attempt attempt, Outcome outcome)
    {
        if (await PeekedContent.ReadAsync(attempt.Answer!, Most, attempt.Token).ConfigureAwait(false) is not { } body)
            return outcome;
        var configuration = attempt.Upstream.Configuration;
        if (attempt.Exchange.Receive is null)
            attempt.Actual = ActualCost.Read(body, attempt.Permit.Cost, configuration.Costs);
        return configuration.Throttled is { } throttled && throttled.Status.Contains(outcome.Status) && IsThrottled(throttled, body)
            ? outcome with { Refused = true, Detail = $"the server answered {outcome.Status}, and {throttled.Pointer} says {throttled.Value}" }
            : outcome;
    }

    private static bool IsThrottled(ThrottledConfiguration throttled, ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return JsonPointer.Find(json.RootElement, throttled.Pointer) is { } found
                && (found.ValueKind == JsonValueKind.String ? found.ValueEquals(throttled.Value) : found.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array) && found.GetRawText() == throttled.Value);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsJson(HttpResponseMessage answer) =>
        answer.Content.Headers.NonValidated.TryGetValues("Content-Type", out var types) && types.ToString().Contains("json", StringComparison.OrdinalIgnoreCase);
}
