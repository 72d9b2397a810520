namespace Headgate.Quotas;

/// <summary>
/// Reads <c>RateLimit-Policy</c> and <c>RateLimit</c> of draft-ietf-httpapi-ratelimit-headers, and their older forms:
/// <c>"burst";q=100;w=60</c> with <c>"burst";r=50;t=30</c>; <c>10;w=1, 50;w=60</c> with <c>limit=10, remaining=9, reset=1</c>.
/// </summary>
internal static class PolicyText
{
    /// <summary>Longer windows are no windows, in seconds: a year.</summary>
    public const long LongestWindow = 366L * 24 * 3600;

    /// <summary>What the two fields tell together; a field that is malformed is ignored.</summary>
    public static void Read(string? policies, string? states, List<Quota> quotas)
    {
        var first = quotas.Count;
        if (policies is not null && StructuredList.IsWellFormed(policies))
            ReadPolicies(policies, quotas);
        if (states is null)
            return;
        if (StructuredList.IsWellFormed(states))
            ReadStates(states, quotas, first);
        else if (ReadMembers(states) is { } told)
            Merge(quotas, first, told, told.Limit);
    }

    /// <summary>Brings what is told of one limit together with the policy that allows as much; the other policies stay as they are.</summary>
    public static void Merge(List<Quota> quotas, int first, Quota told, long? limit)
    {
        var index = limit is null ? quotas.Count == first + 1 ? first : -1 : quotas.FindIndex(first, quota => quota.Limit == limit);
        if (index < 0)
            quotas.Add(told);
        else
            quotas[index] = told with { Name = quotas[index].Name, Limit = quotas[index].Limit, Unit = quotas[index].Unit, Window = quotas[index].Window ?? told.Window };
    }

    private static void ReadPolicies(string text, List<Quota> quotas)
    {
        var list = new StructuredList(text);
        while (list.NextItem(out var item))
        {
            // The older drafts have the amount where the name is now.
            var quota = new Quota { Reset = QuotaReset.More, Limit = item.Type == StructuredType.Integer ? Count(item.Number) : null };
            while (list.NextParameter(out var key, out var value))
                quota = key switch
                {
                    "q" when value.Type is StructuredType.Integer => quota with { Limit = Count(value.Number) },
                    "w" when value.Type is StructuredType.Integer && value.Number is > 0 and <= LongestWindow => quota with { Window = TimeSpan.FromSeconds(value.Number) },
                    "qu" when value.IsName => WithUnit(quota, value.Text),
                    _ => quota,
                };
            if (quota.Limit is not null)
                quotas.Add(quota with { Name = item.IsName ? item.Text.ToString() : $"{quota.Limit};w={quota.Window?.TotalSeconds ?? 0}" });
        }
    }

    private static void ReadStates(string text, List<Quota> quotas, int first)
    {
        var list = new StructuredList(text);
        var policies = quotas.Count - first;
        while (list.NextItem(out var item))
        {
            if (!item.IsName)
                continue;
            var name = item.Text;
            var index = -1;
            for (var i = first; i < quotas.Count && index < 0; i++)
                index = name.SequenceEqual(quotas[i].Name) ? i : -1;
            // A server with one policy may call it two things.
            if (index < 0 && policies == 1)
                index = first;
            var quota = index < 0 ? new Quota { Name = name.ToString(), Reset = QuotaReset.More } : quotas[index];
            while (list.NextParameter(out var key, out var value))
                if (value.Type == StructuredType.Integer)
                    quota = key switch
                    {
                        "r" => quota with { Remaining = Count(value.Number) },
                        "t" => ResetTime.TryRead(value.Text, TimeSpan.TicksPerSecond, DateTimeOffset.UnixEpoch) is { } time ? quota with { ResetsIn = time.In, Slack = time.Slack } : quota,
                        _ => quota,
                    };
            if (index >= 0)
                quotas[index] = quota;
            else if (quota.Remaining is not null)
                quotas.Add(quota);
        }
    }

    private static Quota? ReadMembers(ReadOnlySpan<char> text)
    {
        var quota = new Quota();
        foreach (var part in text.Split(','))
        {
            var member = text[part].Trim();
            var equals = member.IndexOf('=');
            if (equals < 0)
                return null;
            var value = member[(equals + 1)..];
            switch (member[..equals])
            {
                case "limit":
                    quota = quota with { Limit = CountText.ReadFirst(value, out _) };
                    break;
                case "remaining":
                    quota = quota with { Remaining = CountText.Read(value) };
                    break;
                case "reset" when ResetTime.TryRead(value, TimeSpan.TicksPerSecond, DateTimeOffset.UnixEpoch) is { } time:
                    quota = quota with { ResetsIn = time.In, Slack = time.Slack };
                    break;
                default:
                    break;
            }
        }
        return quota.Limit is null && quota.Remaining is null ? null : quota;
    }

    private static Quota WithUnit(Quota quota, ReadOnlySpan<char> unit) => unit switch
    {
        // The draft's own table of units has it in the singular.
        "requests" or "request" => quota,
        "concurrent-requests" => quota with { IsConcurrency = true },
        _ => quota with { Unit = unit.ToString().ToLowerInvariant().Replace('-', '_') },
    };

    private static long? Count(long number) => number < 0 ? null : Math.Min(number, CountText.Most);
}
