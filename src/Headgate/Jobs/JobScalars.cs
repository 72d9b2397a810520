using System.Text.Json;
using Headgate.Time;

namespace Headgate.Jobs;

/// <summary>Sets the members of a request that are text or numbers, from either.</summary>
internal static class JobScalars
{
    /// <summary>Sets a member from text.</summary>
    /// <exception cref="ArgumentException">The text is not a value of that member.</exception>
    public static void SetText(JobRequest request, JobField field, string text)
    {
        switch (field)
        {
            case JobField.Id or JobField.CustomId: request.Id = text; break;
            case JobField.Url: request.SetUrl(text); break;
            case JobField.Method: request.Method = text; break;
            case JobField.BodyFile: request.BodyFile = text; break;
            case JobField.Tenant: request.Tenant = text; break;
            case JobField.Queue: request.Queue = text; break;
            case JobField.IdempotencyKey: request.IdempotencyKey = text; break;
            case JobField.Country: request.Country = text; break;
            case JobField.Priority: request.Priority = Priority(text); break;
            case JobField.Retries: request.Retries = int.TryParse(text, out var retries) ? retries : throw Wrong(field, text); break;
            case JobField.Timeout: request.Timeout = DurationOf(field, text); break;
            case JobField.RetryDelay: request.RetryDelay = DurationOf(field, text); break;
            case JobField.NotBefore: request.NotBefore = MomentOf(field, text); break;
            case JobField.StartBy: request.StartBy = MomentOf(field, text); break;
            case JobField.Deadline: request.Deadline = MomentOf(field, text); break;
            case JobField.Tags: request.Tags = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries); break;
            case JobField.BodyBase64: request.Body = Base64(text); break;
            default: throw Wrong(field, text);
        }
    }

    /// <summary>Sets a member from a number; says whether that member may be one.</summary>
    /// <exception cref="ArgumentException">The number is out of the member's range.</exception>
    public static bool TrySetNumber(JobRequest request, JobField field, ref Utf8JsonReader reader)
    {
        if (!reader.TryGetDecimal(out var number) || number < 0 || number > (decimal)Duration.Longest.TotalSeconds)
            return false;
        switch (field)
        {
            case JobField.Priority when number % 1 == 0: request.Priority = Priority(((int)number).ToString()); return true;
            case JobField.Retries when number % 1 == 0: request.Retries = (int)number; return true;
            case JobField.Timeout: request.Timeout = Seconds(number); return true;
            case JobField.RetryDelay: request.RetryDelay = Seconds(number); return true;
            case JobField.NotBefore: request.NotBefore = Seconds(number); return true;
            case JobField.StartBy: request.StartBy = Seconds(number); return true;
            case JobField.Deadline: request.Deadline = Seconds(number); return true;
            default: return false;
        }
    }

    /// <summary>What a member may be, for the message when it is something else.</summary>
    public static string Expected(JobField field) => field switch
    {
        JobField.Priority => "1 to 5, or critical, high, medium, low or background",
        JobField.Retries => $"a whole number from 0 to {RequestRules.MaxRetries}",
        JobField.Timeout or JobField.RetryDelay => "a number of seconds, or text with a unit such as \"500ms\"",
        JobField.NotBefore or JobField.StartBy or JobField.Deadline =>
            "a time such as \"2030-01-02T03:04:05Z\", or a duration from acceptance such as 90 or \"5m\"",
        JobField.BodyBase64 => "a string of base64",
        _ => "a string",
    };

    private static RequestPriority Priority(string text)
    {
        if (text is [>= '1' and <= '5'])
            return (RequestPriority)(text[0] - '0');
        foreach (var value in Enum.GetValues<RequestPriority>())
            if (value.ToString().Equals(text, StringComparison.OrdinalIgnoreCase))
                return value;
        throw new ArgumentException(RequestRules.PriorityComplaint(text));
    }

    private static TimeSpan Seconds(decimal number) => new((long)decimal.Round(number * TimeSpan.TicksPerSecond, MidpointRounding.AwayFromZero));

    private static TimeSpan DurationOf(JobField field, string text) => Duration.TryParse(text, out var value) ? value : throw Wrong(field, text);

    private static Moment MomentOf(JobField field, string text) => Moment.TryParse(text, out var value) ? value : throw Wrong(field, text);

    private static byte[] Base64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) ? bytes[..count] : throw new ArgumentException("body_base64 is not base64");
    }

    private static ArgumentException Wrong(JobField field, string text) =>
        new($"{JobFieldNames.Of(field)} must be {Expected(field)}, not {RequestRules.Quote(text)}");
}
