using System.Globalization;
using System.Text;
using Headgate.App.Simulator.Models;
using Headgate.Limits;
using Microsoft.AspNetCore.Http;

namespace Headgate.App.Simulator;

/// <summary>Says to the client where its limits stand, in the words of well-known APIs.</summary>
internal static class AnswerStyles
{
    /// <summary>The status that a request will be answered with; 0 where no answer is given.</summary>
    public static int StatusOf(AnswerStyle style, Verdict verdict)
    {
        if (verdict.RefusedBy is { } limit)
            return style == AnswerStyle.GitHub && IsPrimary(limit) ? StatusCodes.Status403Forbidden : StatusCodes.Status429TooManyRequests;
        return verdict.Fault.Kind switch
        {
            FaultKind.None => verdict.Route.Status,
            FaultKind.Status => verdict.Fault.Status,
            _ => 0,
        };
    }

    public static void WriteHeaders(AnswerStyle style, IHeaderDictionary headers, Verdict verdict)
    {
        var wait = verdict.IsAccepted || verdict.Wait == ServerModel.Never ? (long?)null : verdict.Wait;
        switch (style)
        {
            case AnswerStyle.Plain:
                WriteRetryAfter(headers, wait);
                break;
            case AnswerStyle.GitHub:
                WriteGitHub(headers, verdict, wait);
                break;
            case AnswerStyle.OpenAI:
                WriteOpenAI(headers, verdict, wait);
                break;
            case AnswerStyle.Shopify:
                WriteShopify(headers, verdict, wait);
                break;
            case AnswerStyle.Ietf:
                WriteIetf(headers, verdict, wait);
                break;
            default:
                break;
        }
    }

    /// <summary>The body of a refusal, as JSON.</summary>
    public static string RefusalBody(AnswerStyle style, Verdict verdict) => style switch
    {
        AnswerStyle.None => "",
        AnswerStyle.GitHub when IsPrimary(verdict.RefusedBy!) => """{"message":"API rate limit exceeded.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}""",
        AnswerStyle.GitHub => """{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}""",
        AnswerStyle.OpenAI => $$$"""{"error":{"message":"Rate limit reached: {{{verdict.RefusedBy}}}.","type":"{{{verdict.RefusedBy!.Unit}}}","param":null,"code":"rate_limit_exceeded"}}""",
        AnswerStyle.Shopify => """{"errors":"Exceeded the calls per second for this client. Reduce request rates to resume uninterrupted service."}""",
        AnswerStyle.Ietf => $$"""{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Request cannot be satisfied as assigned quota has been exceeded","status":429,"violated-policies":["{{verdict.RefusedBy}}"]}""",
        _ => $$"""{"ok":false,"error":"rate limit exceeded","limit":"{{verdict.RefusedBy}}","n":{{verdict.Number}}}""",
    };

    /// <summary>Long windows are GitHub's primary limit, refused with 403 and a reset; all else its secondary one, refused with 429 and Retry-After.</summary>
    private static bool IsPrimary(Limit limit) => limit.Algorithm is LimitAlgorithm.Sliding or LimitAlgorithm.Fixed or LimitAlgorithm.Counter
        && (limit.IsMonthly || limit.Period >= TimeSpan.FromMinutes(1));

    private static void WriteRetryAfter(IHeaderDictionary headers, long? wait)
    {
        if (wait is { } ticks)
            headers.RetryAfter = Text(CeilingSeconds(ticks));
    }

    private static void WriteGitHub(IHeaderDictionary headers, Verdict verdict, long? wait)
    {
        if (Tightest(verdict, Limit.Requests) is { } quota)
        {
            headers["x-ratelimit-limit"] = Text(quota.Room);
            headers["x-ratelimit-remaining"] = Text(quota.Remaining);
            headers["x-ratelimit-used"] = Text(quota.Used);
            headers["x-ratelimit-reset"] = Text(CeilingSeconds(verdict.At + quota.FreeIn));
            headers["x-ratelimit-resource"] = "core";
        }
        if (verdict.RefusedBy is { } limit && !IsPrimary(limit))
            WriteRetryAfter(headers, wait);
    }

    private static void WriteOpenAI(IHeaderDictionary headers, Verdict verdict, long? wait)
    {
        foreach (var unit in (ReadOnlySpan<string>)[Limit.Requests, "tokens"])
        {
            if (Tightest(verdict, unit) is not { } quota)
                continue;
            headers["x-ratelimit-limit-" + unit] = Text(quota.Room);
            headers["x-ratelimit-remaining-" + unit] = Text(quota.Remaining);
            headers["x-ratelimit-reset-" + unit] = GoDuration(quota.FreeIn);
        }
        if (wait is not { } ticks)
            return;
        headers["retry-after-ms"] = Text((ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond);
        WriteRetryAfter(headers, wait);
    }

    private static void WriteShopify(IHeaderDictionary headers, Verdict verdict, long? wait)
    {
        if (Tightest(verdict, Limit.Requests) is { } quota)
            headers["X-Shopify-Shop-Api-Call-Limit"] = $"{Text(quota.Used)}/{Text(quota.Room)}";
        if (wait is { } ticks)
            headers.RetryAfter = (Math.Ceiling(ticks * 10m / TimeSpan.TicksPerSecond) / 10).ToString("0.0", CultureInfo.InvariantCulture);
    }

    private static void WriteIetf(IHeaderDictionary headers, Verdict verdict, long? wait)
    {
        var (policies, states) = (new StringBuilder(), new StringBuilder());
        foreach (var quota in verdict.Quotas!)
        {
            var name = policies.Length == 0 ? $"\"{quota.Limit}\"" : $", \"{quota.Limit}\"";
            policies.Append(name).Append(";q=").Append(Text(quota.Room));
            if (quota.Limit.Algorithm == LimitAlgorithm.Concurrent)
                policies.Append(";qu=\"concurrent-requests\"");
            else if (quota.Limit.Unit != Limit.Requests)
                policies.Append(";qu=\"").Append(quota.Limit.Unit).Append('"');
            if (WholeWindow(quota) is { } seconds)
                policies.Append(";w=").Append(Text(seconds));
            states.Append(name).Append(";r=").Append(Text(quota.Remaining)).Append(";t=").Append(Text(CeilingSeconds(quota.FreeIn)));
        }
        if (policies.Length > 0)
            (headers["RateLimit-Policy"], headers["RateLimit"]) = (policies.ToString(), states.ToString());
        WriteRetryAfter(headers, wait);
    }

    /// <summary>The window in seconds, where there is one of whole seconds; of a bucket the time in which it drains.</summary>
    private static long? WholeWindow(Quota quota)
    {
        var limit = quota.Limit;
        if (limit.IsMonthly || limit.Algorithm is LimitAlgorithm.Concurrent or LimitAlgorithm.Spaced)
            return null;
        var ticks = limit.Algorithm == LimitAlgorithm.Bucket ? (Int128)limit.Period.Ticks * limit.Burst / limit.Amount : limit.Period.Ticks;
        return ticks > 0 && ticks % TimeSpan.TicksPerSecond == 0 ? (long)(ticks / TimeSpan.TicksPerSecond) : null;
    }

    /// <summary>The limit of that unit with the least left, by share.</summary>
    private static Quota? Tightest(Verdict verdict, string unit)
    {
        Quota? tightest = null;
        foreach (var quota in verdict.Quotas!)
            if (quota.Limit.Unit == unit && quota.Limit.Algorithm != LimitAlgorithm.Concurrent
                && (tightest is not { } other || (Int128)quota.Remaining * other.Room < (Int128)other.Remaining * quota.Room))
                tightest = quota;
        return tightest;
    }

    /// <summary>As Go writes it: <c>12ms</c>, <c>1.5s</c>, <c>6m0s</c>, <c>1h2m3s</c>; in whole milliseconds, rounded up.</summary>
    private static string GoDuration(long ticks)
    {
        var ms = (ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;
        if (ms < 1000)
            return ms == 0 ? "0s" : Text(ms) + "ms";
        var seconds = (ms % 60_000 / 1000m).ToString("0.###", CultureInfo.InvariantCulture) + "s";
        return (ms / 3_600_000, ms / 60_000 % 60) switch
        {
            (0, 0) => seconds,
            (0, var m) => $"{Text(m)}m{seconds}",
            var (h, m) => $"{Text(h)}h{Text(m)}m{seconds}",
        };
    }

    private static long CeilingSeconds(long ticks) => (ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
