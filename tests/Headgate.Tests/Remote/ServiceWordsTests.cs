using System.Text;
using Headgate.Remote;

namespace Headgate.Tests.Remote;

public sealed class ServiceWordsTests
{
    [Theory]
    [InlineData(401, """{"error":"a token is needed"}""", FailureClass.Auth, "a token is needed", false)]
    [InlineData(403, """{"detail":"blocked","class":"blocked"}""", FailureClass.Blocked, "blocked", false)]
    [InlineData(429, """{"error":"full"}""", FailureClass.RateLimit, "full", true)]
    [InlineData(507, "", FailureClass.Server, "InsufficientStorage", true)]
    [InlineData(502, "<html>bad gateway", FailureClass.Server, "BadGateway", false)]
    [InlineData(400, """{"error":7,"class":"nonsense"}""", FailureClass.Invalid, "BadRequest", false)]
    [InlineData(400, """{"error":"\ud800"}""", FailureClass.Invalid, "BadRequest", false)]
    [InlineData(400, "[]", FailureClass.Invalid, "BadRequest", false)]
    public void A_refusal_is_understood_whatever_its_body_is(int status, string body, FailureClass failure, string error, bool passes)
    {
        var refusal = ServiceRefusal.Of(status, Encoding.UTF8.GetBytes(body), TimeSpan.FromSeconds(3));

        Assert.Equal((failure, error, passes), (refusal.Class, refusal.Error, refusal.Passes));
        Assert.Equal(TimeSpan.FromSeconds(3), refusal.ToException("http://s").RetryAfter);
    }

    [Fact]
    public void Pauses_grow_to_a_few_seconds_and_are_never_shorter_than_what_was_asked_for()
    {
        Assert.Equal([50, 100, 200, 2500, 2500], ((int[])[0, 1, 2, 10, 5000]).Select(times => ServicePause.After(times, null, 0).TotalMilliseconds));
        Assert.Equal([100, 200, 400, 5000, 5000], ((int[])[0, 1, 2, 10, 5000]).Select(times => ServicePause.After(times, null, 1).TotalMilliseconds));
        Assert.InRange(ServicePause.After(0, TimeSpan.FromSeconds(7), 0.5), TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(8));
        Assert.InRange(ServicePause.After(0, TimeSpan.FromDays(365), 0.5), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2));
    }

    [Theory]
    [InlineData("http://h:8015", "http://h:8015/")]
    [InlineData("https://h/gate", "https://h/gate/")]
    [InlineData("ftp://h", null)]
    [InlineData("/relative", null)]
    [InlineData("http://user:secret@h", null)]
    [InlineData("http://h/?a=b", null)]
    public void An_address_is_checked_before_anything_is_sent(string address, string? expected)
    {
        var uri = new Uri(address, UriKind.RelativeOrAbsolute);
        if (expected is not null)
            Assert.Equal(expected, ServiceAddress.Check(uri).AbsoluteUri);
        else
            Assert.DoesNotContain("secret", Assert.Throws<ArgumentException>(() => ServiceAddress.Check(uri)).Message, StringComparison.Ordinal);
    }
}
