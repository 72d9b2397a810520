using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Headgate.Quotas;

/// <summary>The members of a body that speak of limits.</summary>
internal enum BodyWord
{
    None,
    Errors,
    Extensions,

    /// <summary><c>code</c>, <c>type</c>, <c>__type</c>, <c>status</c>, <c>reason</c>: what kind of error.</summary>
    Code,
    Message,
    Wait,
    Global,
    Maximum,
    Current,
    Restore,
    Requested,
    Actual,
}

/// <summary>What the members of a body told. Allocates nothing but the quota.</summary>
internal struct BodyWords
{
    // Longer texts hold no code and no wait.
    private const int LongestText = 512;

    private long? _maximum;
    private long? _current;
    private long? _requested;
    private decimal? _restore;

    public bool IsThrottled { get; private set; }

    /// <summary>It names GitHub's secondary limit.</summary>
    public bool IsSecondary { get; private set; }

    public bool IsGlobal { get; private set; }

    public TimeSpan? Wait { get; private set; }

    public long? ActualPoints { get; private set; }

    public static BodyWord Of(ref Utf8JsonReader json)
    {
        // Nobody escapes the letters of these words, and what is half of a surrogate pair (\ud800) cannot be compared at all.
        if (json.ValueSpan.Length is < 4 or > 24 || json.ValueIsEscaped)
            return BodyWord.None;
        return json.ValueSpan switch
        {
            _ when json.ValueTextEquals("errors"u8) || json.ValueTextEquals("json"u8) => BodyWord.Errors,
            _ when json.ValueTextEquals("extensions"u8) => BodyWord.Extensions,
            _ when json.ValueTextEquals("code"u8) || json.ValueTextEquals("type"u8) || json.ValueTextEquals("__type"u8) || json.ValueTextEquals("status"u8) || json.ValueTextEquals("reason"u8) || json.ValueTextEquals("Code"u8) => BodyWord.Code,
            _ when json.ValueTextEquals("message"u8) => BodyWord.Message,
            _ when json.ValueTextEquals("retryDelay"u8) || json.ValueTextEquals("retry_after"u8) => BodyWord.Wait,
            _ when json.ValueTextEquals("global"u8) => BodyWord.Global,
            _ when json.ValueTextEquals("maximumAvailable"u8) => BodyWord.Maximum,
            _ when json.ValueTextEquals("currentlyAvailable"u8) => BodyWord.Current,
            _ when json.ValueTextEquals("restoreRate"u8) => BodyWord.Restore,
            _ when json.ValueTextEquals("requestedQueryCost"u8) => BodyWord.Requested,
            _ when json.ValueTextEquals("actualQueryCost"u8) => BodyWord.Actual,
            _ => BodyWord.None,
        };
    }

    /// <summary>Takes the value of a member, or one of several.</summary>
    public void Take(BodyWord word, ref Utf8JsonReader json)
    {
        if (word == BodyWord.Global)
            IsGlobal |= json.TokenType == JsonTokenType.True;
        if (word == BodyWord.None || json.TokenType is not (JsonTokenType.String or JsonTokenType.Number) || json.ValueSpan.Length > LongestText)
            return;
        Span<char> buffer = stackalloc char[LongestText];
        ReadOnlySpan<char> text = buffer[..Encoding.UTF8.GetChars(json.ValueSpan, buffer)];
        if (json.TokenType == JsonTokenType.String && word is BodyWord.Code or BodyWord.Errors or BodyWord.Message)
            TakeText(text, isCode: word != BodyWord.Message);
        else if (word == BodyWord.Wait)
            Wait = Longer(Wait, ResetTime.TryReadLength(text, TimeSpan.TicksPerSecond));
        else if (json.TokenType == JsonTokenType.Number)
            TakeNumber(word, text, json.ValueSpan);
    }

    /// <summary>The errors of AWS in XML: <c>&lt;Code&gt;SlowDown&lt;/Code&gt;</c>.</summary>
    public void ReadXml(ReadOnlySpan<byte> text)
    {
        var begin = text.IndexOf("<Code>"u8);
        if (begin < 0)
            return;
        text = text[(begin + 6)..];
        if (text.IndexOf((byte)'<') is not (> 0 and <= 100 and var end))
            return;
        Span<char> buffer = stackalloc char[100];
        IsThrottled |= ThrottleCodes.Contains(buffer[..Encoding.UTF8.GetChars(text[..end], buffer)]);
    }

    /// <summary>Shopify's bucket of points.</summary>
    public readonly Quota? Bucket() => _maximum is { } maximum && _current is { } current
        ? new Quota { Name = "points", Unit = "points", Limit = maximum, Remaining = current, Refill = _restore }
        : null;

    /// <summary>How long until the bucket holds what the query asks for.</summary>
    public readonly TimeSpan? UntilAffordable() => _requested is { } requested && _current is { } current && _restore is > 0 and { } rate && requested > current
        ? TimeSpan.FromMilliseconds((long)Math.Min(Math.Ceiling((requested - current) * 1000 / rate), 86_400_000))
        : null;

    private void TakeText(ReadOnlySpan<char> text, bool isCode)
    {
        IsThrottled |= isCode && ThrottleCodes.Contains(text);
        IsSecondary |= text.Contains("secondary rate limit", StringComparison.OrdinalIgnoreCase);
        const string Phrase = "try again in ";
        if (text.IndexOf(Phrase, StringComparison.OrdinalIgnoreCase) is >= 0 and var at)
            Wait = Longer(Wait, ReadPhrase(text[(at + Phrase.Length)..]));
    }

    // "3 minutes", and a second more, since it is cut off; "6m0s", "1.5s".
    private static TimeSpan? ReadPhrase(ReadOnlySpan<char> text)
    {
        var end = text.IndexOf(' ');
        if (ResetTime.TryReadLength((end < 0 ? text : text[..end]).TrimEnd(".,!"), TimeSpan.TicksPerSecond) is not { } length)
            return null;
        var unit = end < 0 ? default : text[(end + 1)..];
        long times = unit.StartsWith("hour", StringComparison.OrdinalIgnoreCase) ? 3600 : unit.StartsWith("minute", StringComparison.OrdinalIgnoreCase) ? 60 : 1;
        if (unit.StartsWith("millisecond", StringComparison.OrdinalIgnoreCase))
            length = new TimeSpan(length.Ticks / 1000 + 1);
        var ticks = (Int128)length.Ticks * times + TimeSpan.TicksPerSecond;
        return ticks > Time.Duration.Longest.Ticks ? Time.Duration.Longest : new TimeSpan((long)ticks);
    }

    private void TakeNumber(BodyWord word, ReadOnlySpan<char> text, ReadOnlySpan<byte> bytes)
    {
        var count = CountText.Read(text);
        switch (word)
        {
            case BodyWord.Maximum:
                _maximum = count;
                break;
            case BodyWord.Current:
                _current = count;
                break;
            case BodyWord.Requested:
                _requested = count;
                break;
            case BodyWord.Actual:
                ActualPoints = count;
                break;
            case BodyWord.Restore:
                _restore = Utf8Parser.TryParse(bytes, out decimal rate, out var read) && read == bytes.Length && rate is > 0 and <= CountText.Most ? rate : null;
                break;
            default:
                break;
        }
    }

    private static TimeSpan? Longer(TimeSpan? one, TimeSpan? other) => one is null || other > one ? other ?? one : one;
}
