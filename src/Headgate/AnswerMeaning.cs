using System.Text.Json;
using Headgate.Configuration;
using Headgate.Quotas;
using Headgate.Retries;

namespace Headgate;

/// <summary>What only the body of an answer tells: that it is a refusal although its status does not say so, how long to wait, and where limits stand.</summary>
internal static class AnswerMeaning
{
    /// <summary>Whether the body has to be read before anything can be decided.</summary>
    public static bool IsTelling(Attempt attempt, in Outcome outcome)
    {
        var configuration = attempt.Upstream.Configuration;
        var type = attempt.Answer!.Content.Headers.NonValidated.TryGetValues("Content-Type", out var types) ? types.ToString() : null;
        if (QuotaBody.IsWorthReading(outcome.Status, type, attempt.Told, attempt.Uri.AbsolutePath))
            return true;
        // A stream of lines is for whoever reads it line by line.
        return configuration.Throttled is { } throttled && throttled.Status.Contains(outcome.Status)
            && type?.Contains("json", StringComparison.OrdinalIgnoreCase) == true && !type.Contains("ndjson", StringComparison.OrdinalIgnoreCase) && !type.Contains("json-seq", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads it, and puts it back for whoever asked.</summary>
    public static async ValueTask<Outcome> ReadAsync(Attempt attempt, Outcome outcome)
    {
        ReadOnlyMemory<byte> body;
        bool isWhole;
        try
        {
            (body, isWhole) = await PeekedContent.ReadAsync(attempt.Answer!, QuotaBody.Longest, attempt.Token).ConfigureAwait(false);
        }
        catch (Exception broken) when (outcome.Refused && FailureReader.IsOfTransport(broken))
        {
            // Its headers have said enough: it was refused, whatever becomes of the words that explain it.
            return outcome;
        }
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
