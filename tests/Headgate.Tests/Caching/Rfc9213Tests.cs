using Headgate.Caching;

namespace Headgate.Tests.Caching;

/// <summary>RFC 9213: directives for caches like this one.</summary>
public sealed class Rfc9213Tests
{
    private static readonly CacheRules Cdn = new() { IsShared = true, Targets = ["Headgate-Cache-Control", "CDN-Cache-Control"] };

    [Theory]
    [InlineData("§2.2: the field that is meant", "CDN-Cache-Control: max-age=60 | Cache-Control: max-age=1", 60)]
    [InlineData("§2.2: shorter too", "CDN-Cache-Control: max-age=1 | Cache-Control: max-age=60", 1)]
    [InlineData("§2.2: the first on the list", "CDN-Cache-Control: max-age=1 | Headgate-Cache-Control: max-age=60", 60)]
    [InlineData("§2.2: the next where the first is malformed", "Headgate-Cache-Control: max-age= | CDN-Cache-Control: max-age=60", 60)]
    [InlineData("§2.2: the next where the first is empty", "Headgate-Cache-Control: | CDN-Cache-Control: max-age=60", 60)]
    [InlineData("§2.1: Expires is ignored", "CDN-Cache-Control: public | Expires: {60}", 0)]
    [InlineData("§2.1: a past Expires too", "CDN-Cache-Control: max-age=60 | Expires: 0", 60)]
    [InlineData("§2.1: unknown members", "CDN-Cache-Control: foo;bar=1, x=(a \"b\"), max-age=60;y", 60)]
    [InlineData("§2.1: the last of two", "CDN-Cache-Control: max-age=60, foo, s-maxage=5", 5)]
    [InlineData("§2.1: more than 2^31", "CDN-Cache-Control: max-age=99999999999", 2_147_483_648)]
    [InlineData("§2.1: negative is stale", "CDN-Cache-Control: max-age=-1 | Cache-Control: max-age=60", 0)]
    [InlineData("§2.1: malformed is absent", "CDN-Cache-Control: max-age=10000, &&&&& | Cache-Control: max-age=60", 60)]
    [InlineData("§2.1: a text is no number, so it is absent", "CDN-Cache-Control: max-age=\"10000\" | Cache-Control: max-age=60", 60)]
    [InlineData("§2.1: a number with a fraction", "CDN-Cache-Control: max-age=1.5 | Cache-Control: max-age=60", 60)]
    [InlineData("§2.1: keys are in small letters", "CDN-Cache-Control: MaX-aGe=5 | Cache-Control: max-age=60", 60)]
    [InlineData("§2.1: spaces around the sign", "CDN-Cache-Control: max-age =5 | Cache-Control: max-age=60", 60)]
    [InlineData("§2.2: a field that is not on the list", "Other-Cache-Control: max-age=5 | Cache-Control: max-age=60", 60)]
    public void The_lifetime_is_that_of_the_field_that_is_meant(string requirement, string answer, long seconds)
    {
        var fields = CacheWorld.FieldsOf(answer);

        var lifetime = Lifetime.Of(Cdn, 200, TargetedControl.Of(Cdn, fields), fields, CacheWorld.Start);

        Assert.True(seconds == lifetime.Seconds, $"{requirement}: {lifetime}");
    }

    [Theory]
    [InlineData("no-store", "CDN-Cache-Control: no-store | Cache-Control: max-age=60", "NoStore")]
    [InlineData("no-store elsewhere", "CDN-Cache-Control: max-age=60 | Cache-Control: no-store", "None")]
    [InlineData("no-store where the field is malformed", "CDN-Cache-Control: max-age=60, & | Cache-Control: no-store", "NoStore")]
    [InlineData("private", "CDN-Cache-Control: private | Cache-Control: max-age=60", "Private")]
    [InlineData("not private", "CDN-Cache-Control: private=?0, max-age=60", "None")]
    [InlineData("private for some fields", "CDN-Cache-Control: private=\"a\", max-age=60", "None")]
    [InlineData("no-cache", "CDN-Cache-Control: no-cache | Cache-Control: max-age=60", "Worthless")]
    public void Section_2_1_so_is_everything_else(string what, string answer, string refusal)
    {
        var request = CacheWorld.RequestOf(Cdn, "GET", CacheWorld.Url, "");

        Assert.True(Enum.Parse<StoreRefusal>(refusal) == Storing.Why(Cdn, request, 200, CacheWorld.FieldsOf(answer), CacheWorld.Start), what);
    }

    [Fact]
    public void Without_a_list_the_fields_mean_nothing()
    {
        var world = new CacheWorld();

        world.Get("", "200 | CDN-Cache-Control: no-store | Cache-Control: max-age=60");

        Assert.Equal("no-store", world.Get("")["CDN-Cache-Control"]);
    }
}
