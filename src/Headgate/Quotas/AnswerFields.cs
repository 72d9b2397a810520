using System.Net.Http.Headers;
using Headgate.Retries;

namespace Headgate.Quotas;

/// <summary>The headers of one answer that speak of limits, by their slots in <see cref="Dialects"/>.</summary>
internal ref struct AnswerFields(string?[] fields, int status, HttpResponseHeaders headers, DateTimeOffset now)
{
    private DateTimeOffset? _date;
    private bool _hasLookedForDate;

    public QuotaReport Report()
    {
        var retryAfter = status < 400 ? null : Wait();
        // A cache repeats what was true once.
        var (dialect, quotas) = IsFromCache() ? (null, []) : ReadQuotas();
        var isSpent = false;
        foreach (var quota in quotas)
            isSpent |= quota is { Remaining: 0, IsConcurrency: false };
        return new QuotaReport
        {
            RetryAfter = retryAfter,
            Refused = status == 429 || (status is 503 or 403 && retryAfter is not null) || (status == 403 && isSpent)
                || (status >= 400 && fields[Dialects.AwsError] is { } error && ThrottleCodes.Contains(error)),
            ShouldRetry = Advice(),
            Resource = dialect is { Resource: > 0 and var slot } && fields[slot] is { Length: > 0 and < 200 } resource ? resource : null,
            IsGlobal = Says(Dialects.Global),
            Quotas = quotas,
        };
    }

    private DateTimeOffset Reference => Date() ?? now;

    private DateTimeOffset? Date()
    {
        if (!_hasLookedForDate)
            (_date, _hasLookedForDate) = (OutcomeReader.ReadDate(headers, now), true);
        return _date;
    }

    private readonly bool IsFromCache()
    {
        if (!headers.NonValidated.TryGetValues("Age", out var values))
            return false;
        foreach (var value in values)
            if (CountText.Read(value) > 0)
                return true;
        return false;
    }

    /// <summary>The longest of what is asked for; a wait in milliseconds that fits the one in seconds is the same, told more exactly.</summary>
    private TimeSpan? Wait()
    {
        TimeSpan? longest = null;
        if (fields[Dialects.RetryAfter] is not null && headers.NonValidated.TryGetValues("Retry-After", out var values))
            foreach (var value in values)
                if (RetryAfter.TryRead(value, Date(), now) is { } wait && (longest is null || wait > longest))
                    longest = wait;
        foreach (var (slot, number) in Dialects.Waits)
            if (fields[slot] is { } text && ResetTime.TryReadLength(text, number) is { } wait)
                longest = longest is { } seconds && (seconds < wait || seconds - wait >= TimeSpan.FromSeconds(1)) ? (seconds > wait ? seconds : wait) : wait;
        return longest;
    }

    private readonly bool? Advice()
    {
        foreach (var slot in Dialects.Advice)
            if (fields[slot] is { } text && bool.TryParse(text, out var advice))
                return advice;
        return null;
    }

    private readonly bool Says((int Slot, string Word)[] words)
    {
        foreach (var (slot, word) in words)
            if (fields[slot] is { } text && text.Equals(word, StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }

    private (Dialect?, IReadOnlyList<Quota>) ReadQuotas()
    {
        foreach (var dialect in Dialects.All)
        {
            if (!HasAny(dialect.Signs))
                continue;
            var quotas = new List<Quota>(dialect.Quotas.Length);
            foreach (var quota in dialect.Quotas)
                Read(quota, quotas);
            if (quotas.Count > 0)
                return (dialect, quotas);
        }
        return (null, []);
    }

    private readonly bool HasAny(int[] slots)
    {
        foreach (var slot in slots)
            if (fields[slot] is not null)
                return true;
        return false;
    }

    private void Read(QuotaFields of, List<Quota> quotas)
    {
        switch (of.Form)
        {
            case QuotaForm.Headers:
                ReadHeaders(of, quotas);
                break;
            case QuotaForm.Policies:
                PolicyText.Read(fields[of.Policies], fields[of.Limit], quotas);
                // Drafts -06 and -07 tell the rest in headers of their own.
                if (fields[of.Limit] is null)
                    ReadBeside(of, quotas);
                break;
            case QuotaForm.Share when fields[of.Limit] is { } text && CountText.ReadShare(text) is var (used, limit):
                quotas.Add(new Quota
                {
                    Name = of.Name ?? of.Unit,
                    Unit = of.Unit,
                    Limit = limit,
                    Remaining = Math.Max(0, limit - used),
                    Window = of.Window,
                    Refill = of.Drains is { } drains ? limit / (decimal)drains.TotalSeconds : null,
                });
                break;
            case QuotaForm.Counts when fields[of.Limit] is { } text:
                ReadCounts(text, quotas);
                break;
            case QuotaForm.Reason when fields[of.Limit] is { Length: < 200 } reason:
                quotas.Add(new Quota { Name = reason, IsConcurrency = reason.Contains("concurrency", StringComparison.OrdinalIgnoreCase) });
                break;
            default:
                break;
        }
    }

    private void ReadHeaders(QuotaFields of, List<Quota> quotas)
    {
        TimeSpan? window = null;
        var limit = fields[of.Limit] is { } allowed ? CountText.ReadFirst(allowed, out window) : null;
        var remaining = fields[of.Remaining] is { } left ? CountText.Read(left) : null;
        var used = fields[of.Used] is { } spent ? CountText.Read(spent) : null;
        if (remaining is null && fields[of.State] is { } state)
            remaining = state.Equals("rejected", StringComparison.OrdinalIgnoreCase) ? 0 : null;
        var time = fields[of.Reset] is { } reset ? ResetTime.TryRead(reset, NumberOf(of.Number, reset), Reference) : null;
        // Zero stands for "nothing to tell" where nothing else is told.
        if (limit is null && remaining is null && (time is not { In.Ticks: > 0 } || of.State == 0))
            return;
        quotas.Add(new Quota
        {
            Name = of.Name ?? of.Unit,
            Unit = of.Unit,
            Limit = limit ?? (used + remaining is { } sum ? Math.Min(sum, CountText.Most) : null),
            Remaining = remaining ?? (limit is { } all && used is { } gone ? Math.Max(0, all - gone) : null),
            ResetsIn = time?.In,
            Slack = time?.Slack ?? default,
            Reset = of.Means,
            Window = (fields[of.Interval] is { } interval ? ResetTime.TryReadLength(interval, TimeSpan.TicksPerMillisecond) : null) ?? of.Window ?? window,
        });
    }

    private void ReadBeside(QuotaFields of, List<Quota> quotas)
    {
        var told = new List<Quota>(1);
        ReadHeaders(of with { Form = QuotaForm.Headers, Limit = Dialects.SlotOf("ratelimit-limit") }, told);
        if (told.Count > 0)
            PolicyText.Merge(quotas, 0, told[0], told[0].Limit);
    }

    private static long NumberOf(NumberMeaning meaning, string text) => meaning switch
    {
        NumberMeaning.SecondsToAnHour when CountText.Read(text) is > 3600 and < 1_000_000_000 => TimeSpan.TicksPerMillisecond,
        _ => TimeSpan.TicksPerSecond,
    };

    private static void ReadCounts(ReadOnlySpan<char> text, List<Quota> quotas)
    {
        foreach (var part in text.Split(','))
        {
            var member = text[part].Trim();
            var at = member.LastIndexOf(';');
            if (at is > 0 and < 200 && quotas.Count < 50 && CountText.Read(member[(at + 1)..]) is { } count)
                quotas.Add(new Quota { Name = member[..at].ToString(), Remaining = count });
        }
    }
}
