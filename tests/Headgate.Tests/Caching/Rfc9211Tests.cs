using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>RFC 9211: what a cache says of an answer.</summary>
public sealed class Rfc9211Tests
{
    public static TheoryData<string, string> Said => new()
    {
        { "§2.1", new CacheStatus { IsHit = true, Ttl = 376 }.Format("headgate") + " = headgate; hit; ttl=376" },
        { "§2.1: a hit is not forwarded", new CacheStatus { IsHit = true, Forward = ForwardReason.Stale, ForwardStatus = 200, IsStored = true, IsCollapsed = true }.Format("headgate") + " = headgate; hit" },
        { "§2.2, §2.3, §2.5", new CacheStatus { Forward = ForwardReason.UriMiss, ForwardStatus = 200, IsStored = true }.Format("headgate") + " = headgate; fwd=uri-miss; fwd-status=200; stored" },
        { "§2.4: negative", new CacheStatus { IsHit = true, Ttl = -412 }.Format("headgate") + " = headgate; hit; ttl=-412" },
        { "§2.6", new CacheStatus { Forward = ForwardReason.Stale, IsCollapsed = true }.Format("headgate") + " = headgate; fwd=stale; collapsed" },
        { "§2.7, §2.8", new CacheStatus { Forward = ForwardReason.VaryMiss, Key = "a\"b", Detail = "x\\ü\n" }.Format("headgate") + " = headgate; fwd=vary-miss; key=\"a\\\"b\"; detail=\"x\\\\??\"" },
        { "§2.2: bypass", new CacheStatus { Forward = ForwardReason.Bypass }.Format("c") + " = c; fwd=bypass" },
        { "§2.2: method", new CacheStatus { Forward = ForwardReason.Method }.Format("c") + " = c; fwd=method" },
        { "§2.2: request", new CacheStatus { Forward = ForwardReason.Request }.Format("c") + " = c; fwd=request" },
        { "§2.2: partial", new CacheStatus { Forward = ForwardReason.Partial }.Format("c") + " = c; fwd=partial" },
        { "§2.2: miss", new CacheStatus { Forward = ForwardReason.Miss }.Format("c") + " = c; fwd=miss" },
        { "§2: nothing", default(CacheStatus).Format("c") + " = c" },
    };

    [Theory]
    [MemberData(nameof(Said))]
    public void It_is_written_as_a_structured_field(string requirement, string said)
    {
        var (written, expected) = said.Split(" = ") is [var left, var right] ? (left, right) : ("", "");

        Assert.True(expected == written, $"{requirement}: {written}");
        Assert.True(Headgate.Quotas.StructuredList.IsWellFormed(written));
    }
}
