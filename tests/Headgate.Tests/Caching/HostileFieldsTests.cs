using System.Globalization;
using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>Fields that nobody would write, from either side: nothing throws, and what is held stays within its bounds.</summary>
public sealed class HostileFieldsTests
{
    private static readonly string[] Names =
    [
        "Cache-Control", "CDN-Cache-Control", "Expires", "Date", "Age", "Last-Modified", "ETag", "Vary", "No-Vary-Search", "Cache-Groups", "Cache-Group-Invalidation", "Content-Range",
        "Content-Length", "Content-Location", "Location", "Content-Language", "Connection", "Range", "If-Range", "If-None-Match", "If-Modified-Since", "Pragma", "Accept-Language", "Accept", "Foo",
    ];

    private static readonly string[] Pieces =
    [
        "max-age", "s-maxage", "no-cache", "private", "must-understand", "stale-while-revalidate", "=", "=\"", "\"", "\\", ",", ";", "(", ")", " ", "\t", "*", "-", "/", "bytes ", "bytes=", "?0", "?1", ":",
        "0", "1", "9", "60", "99999999999999999999999", "-1", "1.5", "W/\"a\"", "\"a\"", "foo", "params", "except", "key-order", "q=", "de", "%", "%zz", "%e4", "+", "http://", "http://[", "//", "é", "\u0000", "\ud800",
        CacheWorld.Date(0), CacheWorld.Date(-5000), "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ];

    private static readonly string[] Methods = ["GET", "GET", "GET", "HEAD", "POST", "BREW"];

    private static readonly int[] Statuses = [200, 200, 200, 206, 304, 404, 416, 500, 503, 599];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Nothing_throws_and_nothing_grows(int seed)
    {
        var random = new Random(seed);
        var rules = new CacheRules { IsShared = seed % 2 == 0, Targets = ["CDN-Cache-Control"] };
        var cache = new AnswerCache(200_000);
        for (var turn = 0; turn < 5_000; turn++)
        {
            var now = CacheWorld.Start + turn * 500L;
            var request = CacheRequest.Of(rules, Methods[random.Next(Methods.Length)], new Uri($"https://api.test/{random.Next(4)}?{Uri.EscapeDataString(Text(random))}"), Fields(random), hasBody: false);
            var decision = cache.Decide(request, now);
            if (decision.IsHit)
                _ = ServedAnswer.Of(request, decision.Stored!, now);
            if (decision.Kind == ReuseKind.Refuse)
                continue;
            _ = Forwarding.Of(request, decision);
            _ = cache.Unreached(request, decision, now);
            var answer = new ReceivedAnswer(Statuses[random.Next(Statuses.Length)], null, Fields(random), now - 100, now, new byte[random.Next(20)]);
            var receipt = cache.Receive(request, decision, answer);
            if (receipt.Kind is ReceiptKind.Keep or ReceiptKind.Join && cache.Keep(request, receipt, answer, out _) is { } stored && Reuse.HasAll(request, stored))
                _ = ServedAnswer.Of(request, stored, now);

            Assert.InRange(cache.Bytes, 0, 200_000);
        }
        Assert.InRange(cache.Count, 1, 1_000);
    }

    private static FieldList Fields(Random random)
    {
        var fields = new List<Field>();
        for (var count = random.Next(8); count > 0; count--)
            fields.Add(new Field(Names[random.Next(Names.Length)], Text(random)));
        if (random.Next(2) == 0)
            fields.Add(new Field("Cache-Control", string.Create(CultureInfo.InvariantCulture, $"max-age={random.Next(3) * 60}")));
        return new FieldList([.. fields]);
    }

    private static string Text(Random random)
    {
        var text = "";
        for (var count = random.Next(6); count > 0; count--)
            text += Pieces[random.Next(Pieces.Length)];
        return text;
    }
}
