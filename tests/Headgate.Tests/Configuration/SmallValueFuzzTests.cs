using System.Globalization;
using Headgate.Configuration;
using Headgate.Jobs;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Retries;
using Headgate.Tests.Limits;
using Headgate.Time;

namespace Headgate.Tests.Configuration;

/// <summary>The parsers of single values, whatever they are given. What is read is written so that it reads back the same.</summary>
public sealed class SmallValueFuzzTests
{
    private static readonly string[] Durations = ["30", "0.5", "250ms", "30s", "5m", "2h", "1d", "3650d", "87600h", "0.0001ms", "12345678.123456789"];
    private static readonly string[] Urls = ["https://api.example.com/v1", "http://localhost:8080", "HTTPS://EXAMPLE.com.:443/a/../b/", "http://[::1]:80/", "http://user:pass@h/", "https://münchen.example/ä?q#f", "http://xn--mnchen-3ya.example", "http://1.2.3.4:65535/v1/"];

    private static readonly FuzzedParser[] Parsers =
    [
        new("limit", ["100/s", "90000 tokens/min", "40 bucket 2/s", "10 concurrent", "200/s burst=20", "1_000/day fixed tz=Europe/Berlin skew=50ms", "1 points/500ms spaced jitter=5ms guard=0", "100000/month fixed", "5/h counter when=Mon-Fri,Sun 09:00-18:00 tz=UTC timing=bounded:250ms", "2/week sliding when=daily timing=nominal"], ReadLimit)
        {
            Refusals = [typeof(FormatException)],
            // An unknown zone is looked for in the files of the system.
            Room = 600_000,
        },
        new("schedule", ["Mon-Fri 09:00-18:00", "Sat,Sun", "daily 22:00-06:00", "fri-MON,Wed 00:00-24:00"], ReadSchedule),
        new("timing", ["guaranteed", "bounded", "bounded:300ms", "bounded:0.25", "nominal"], text =>
            TimingChoice.TryParse(text.Text, out var read) ? () => Assert.True(TimingChoice.TryParse(read.ToString(), out var again) && again == read) : null),
        new("duration", Durations, ReadDuration) { Refusals = [typeof(FormatException)] },
        new("moment", [.. Durations, "2030-01-02T03:04:05Z", "2030-01-02T03:04:05.1234567+01:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00-01:00"], text =>
            Moment.TryParse(text.Text, out var read) ? () => Assert.True(Moment.TryParse(read.ToString(), out var again) && again == read, read.ToString()) : null),
        new("size", ["16MiB", "500kB", "0", "1.5GB", "8TiB", "9223372036854775807", "0.001 kB"], text =>
            ByteSize.TryParse(text.Text, out var read) ? () => Assert.True(read >= 0 && ByteSize.TryParse(ByteSize.Format(read), out var again) && again == read) : null),
        new("share", ["60%", "0.5 %", "0.6", "100%", "1", "0.01%"], text =>
            Percentage.TryParse(text.Text, out var read) ? () => Assert.True(read.BasisPoints is >= 0 and <= 10_000 && Percentage.TryParse(read.ToString(), out var again) && again == read) : null),
        new("status", ["408", "5xx", "1XX", " 599"], text =>
            StatusRange.TryParse(text.Text, out var read) ? () => Assert.True(read is { First: >= 100, Last: <= 599 } && StatusRange.TryParse(read.ToString(), out var again) && again == read) : null) { OnceFailed = [" 59\0"] },
        new("statuses", ["408,429,5xx", "100,599"], text => StatusSet.Parse(text.Text.Split(',')) is { } set ? () => Assert.False(set.Contains(99) || set.Contains(600)) : null) { OnceFailed = ["10\0"], Refusals = [typeof(FormatException)] },
        new("chaos errors", ["2%", "503 2%", "0.02"], text =>
            ChaosErrors.TryParse(text.Text, out var read) ? () => Assert.True(read.Status is >= 200 and <= 599 && ChaosErrors.TryParse(read.ToString(), out var again) && again == read, read.ToString()) : null),
        new("chaos latency", ["200ms", "200ms 10%", "1s 0.5 %"], text =>
            ChaosLatency.TryParse(text.Text, out var read) ? () => Assert.True(ChaosLatency.TryParse(read.ToString(), out var again) && again == read, read.ToString()) : null),
        new("hedge", ["p95", "p99.9", "300ms"], text =>
            HedgeAfter.TryParse(text.Text, out var read) ? () => Assert.True(HedgeAfter.TryParse(read.ToString(), out var again) && again == read, read.ToString()) : null),
        new("versions of HTTP", ["1.1", "1.1,2", "2", "1.1,2,3"], text => HttpVersionNames.TryParse(text.Text, out var read) ? () => Assert.Equal(text.Text, HttpVersionNames.Of(read)) : null),
        new("route", ["/search/**", "/a/*/b", "/**/x/**", "/"], ReadRoute),
        new("base", Urls, ReadBase) { OnceFailed = ["http://1.\ufeff_.3"] },
        new("redirect", [.. Urls, "/next?x=1#y", "//other.example/a", "../up", "?q", "mailto:a@b", "https://ex\u00c3\u00a4mple.com"], ReadRedirect),
        new("key template", ["Authorization: Bearer {key}", "X-Api-Key: {key}", "?api_key={key}", "X-A:  sk-{key}-x "], ReadTemplate) { Refusals = [typeof(FormatException)] },
        new("date", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Fri, 31 Dec 9999 23:59:60 UTC"], ReadDate) { Room = 10_000, RoomPerByte = 0 },
    ];

    public static TheoryData<string> Names => Fuzzing.Names(Parsers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_it_is_given_is_read_or_refused(string parser) => Fuzzing.Run(Parsers, parser);

    private static Action? ReadLimit(Fuzzed text)
    {
        var limit = Limit.Parse(text.Text);
        return () => Assert.Equal(limit, Limit.Parse(limit.ToString()));
    }

    private static Action? ReadSchedule(Fuzzed text)
    {
        var parts = text.Text.Split(' ', 2);
        if (!ScheduleSyntax.TryRead(parts[0], parts.Length > 1 ? parts[1] : null, out var read))
            return null;
        return () =>
        {
            var written = ScheduleSyntax.Write(read!).Split(' ');
            Assert.True(ScheduleSyntax.TryRead(written[0], written.Length > 1 ? written[1] : null, out var again) && again == read, string.Join(' ', written));
        };
    }

    private static Action? ReadDuration(Fuzzed text)
    {
        var read = Duration.Parse(text.Text);
        return () =>
        {
            Assert.InRange(read, TimeSpan.Zero, Duration.Longest);
            Assert.Equal(read, Duration.Parse(Duration.Format(read)));
        };
    }

    private static Action? ReadRoute(Fuzzed text)
    {
        var isRead = RoutePattern.TryParse(text.Text, out var pattern, out var problem);
        text.Say(problem);
        if (!isRead)
            return null;
        pattern.Holds(Fuzzing.Mutate(text.Random, text.Text.Replace("*", "a/b", StringComparison.Ordinal)));
        return () => Assert.True(pattern.Holds(UrlPath.Plain(UrlPath.Encoded(text.Text.Replace("**", "x/y", StringComparison.Ordinal)))), "holds not even itself");
    }

    private static Action? ReadBase(Fuzzed text)
    {
        var isRead = UpstreamBase.TryParse(text.Text, out var read, out var problem);
        text.Say(problem);
        // 1.3. is a name, and without its dot an address.
        return isRead && !read.Authority.Host.All(c => char.IsAsciiHexDigit(c) || c is '.' or 'x') ? () => Assert.True(UpstreamBase.TryParse(read.ToString(), out var again, out _) && again == read, read.ToString()) : null;
    }

    private static Action? ReadRedirect(Fuzzed text)
    {
        var from = new Uri(text.Random.Pick("https://api.example.com/v1/a?b#c", "http://localhost:81/"));
        var next = Redirects.Next(HttpMethod.Post, from, text.Random.Pick(301, 303, 307), text.Text, 0);
        if (next is null)
            return null;
        return () =>
        {
            Assert.True(next.Uri.IsAbsoluteUri && next.Uri.Scheme is "http" or "https" && next.Uri.Host.Length > 0, next.Uri.ToString());
            // Whoever follows it makes its authority out.
            Assert.Equal(next.DropsCredentials, !Redirects.IsSameOrigin(from, next.Uri));
            Authority.Of(next.Uri);
        };
    }

    private static Action? ReadTemplate(Fuzzed text)
    {
        var template = KeyTemplate.Parse(text.Text);
        return () =>
        {
            Assert.Equal(template, KeyTemplate.Parse(template.ToString()));
            using var request = new HttpRequestMessage(HttpMethod.Get, "https://api.example.com/?a=b&api_key=1");
            template.Apply(request, new KeySecret("one", "sk-1"));
            Assert.Contains("sk-1", template.Header is null ? request.RequestUri!.Query : string.Join(' ', request.Headers.NonValidated[template.Header]), StringComparison.Ordinal);
        };
    }

    private static Action? ReadDate(Fuzzed text)
    {
        var now = text.Random.Pick(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        var wait = RetryAfter.TryRead(text.Text, text.Random.Chance(0.5) ? null : now, now);
        var isDate = HttpDate.TryParse(text.Text, now, out var date);
        return () =>
        {
            Assert.InRange(wait ?? TimeSpan.Zero, TimeSpan.Zero, RetryAfter.Longest);
            Assert.True(!isDate || (HttpDate.TryParse(date.ToString("R", CultureInfo.InvariantCulture), now, out var again) && again == date), $"{date:o}");
        };
    }
}
