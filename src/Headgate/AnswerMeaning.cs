using System.Text.Json;
using Headgate.Configuration;
using Headgate.Quotas;
using Headgate.Retries;

namespace Headgate;

/// <summary>What only the body of an answer tells: that it is a refusal although its status does not say so, and what the request really cost.</summary>
internal static class AnswerMeaning
{
    /// <summary>Whether the body has to be read before anything can be decided.</summary>
    public static bool IsTelling(Attempt attempt, in Outcome outcome)
    {
        var configuration = attempt.Upstream.Configuration;
        var type = attempt.Answer!.Content.Headers.NonValidated.TryGetValues("Content-Type", out var types) ? types.ToString() : null;
        if (QuotaBody.IsWorthReading(outcome.Status, type, attempt.Told, attempt.Uri.AbsolutePath))
            return true;
        var tells = (configuration.Throttled is { } throttled && throttled.Status.Contains(outcome.Status))
            // Whoever reads the body within the attempt tells the cost himself.
            || (attempt.Exchange.Receive is null && configuration.Costs.Count > 0 && configuration.Costs.Any(cost => cost.Actual is not null));
        return tells && type?.Contains("json", StringComparison.OrdinalIgnoreCase) == true;
    }

    /// <summary>Reads it, and puts it back for whoever asked.</summary>
    public static async ValueTask<Outcome> ReadAsync(Attempt attempt, Outcome outcome)
    {
        var (body, isWhole) = await PeekedContent.ReadAsync(attempt.Answer!, QuotaBody.Longest, attempt.Token).ConfigureAwait(false);
        var told = QuotaBody.Read(body, outcome.Status, attempt.Told);
        if (told != attempt.Told)
        {
            attempt.Told = told;
            outcome = attempt.OutcomeOf(told);
        }
        var configuration = attempt.Upstream.Configuration;
        if (told.ActualPoints is { } points && attempt.Permit.Cost.In("points") > 0)
            attempt.Actual = attempt.Permit.Cost.With("points", points);
        if (!isWhole)
            return outcome;
        if (attempt.Exchange.Receive is null && configuration.Costs.Count > 0)
            attempt.Actual = ActualCost.Read(body, attempt.Permit.Cost, configuration.Costs) ?? attempt.Actual;
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
}
