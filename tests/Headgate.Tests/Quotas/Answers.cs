using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Headgate.Quotas;

namespace Headgate.Tests.Quotas;

/// <summary>Answers as servers write them, and what is read of them in one line.</summary>
internal static class Answers
{
    /// <summary>Their Date: second 1795831200 of the epoch. Our own clock is an hour off.</summary>
    public const string Date = "Sat, 28 Nov 2026 02:00:00 GMT";

    public static readonly DateTimeOffset Now = new(2026, 11, 28, 3, 0, 0, TimeSpan.Zero);

    public static HttpResponseHeaders Headers(params ReadOnlySpan<string> lines)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.OK);
        foreach (var line in lines)
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            answer.Headers.TryAddWithoutValidation(line[..colon], line[(colon + 2)..]);
        }
        return answer.Headers;
    }

    public static QuotaReport Read(int status, params ReadOnlySpan<string> lines) => QuotaReader.Read(status, Headers([$"Date: {Date}", .. lines]), Now);

    /// <summary><c>name remaining/limit unit in 60.5s full per 60s +2/s at once</c>, with <c>; </c> between quotas; what is not told is left out.</summary>
    public static string Told(QuotaReport report) => string.Join("; ", report.Quotas.Select(Told));

    private static string Told(Quota quota)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{quota.Name} {quota.Remaining}/{quota.Limit} {quota.Unit}");
        if (quota.ResetsIn is { } left)
            text += string.Create(CultureInfo.InvariantCulture, $" in {left.TotalSeconds:0.######}s") + quota.Reset switch { QuotaReset.Full => " full", QuotaReset.More => " more", _ => "" };
        if (quota.Window is { } window)
            text += string.Create(CultureInfo.InvariantCulture, $" per {window.TotalSeconds}s");
        if (quota.Refill is { } rate)
            text += string.Create(CultureInfo.InvariantCulture, $" +{rate:0.###}/s");
        return text + (quota.IsConcurrency ? " at once" : "");
    }
}
