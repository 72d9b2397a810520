using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Tests.Input;
using Headgate.Time;

namespace Headgate.Tests.Security;

public sealed class AccessTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();
    private readonly List<string> _notices = [];

    private TokenStore Store => new(_folder[""], _time);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void While_there_is_no_token_anybody_may_do_everything()
    {
        using var access = Open();

        Assert.False(access.IsRequired);
        Assert.Same(Caller.Anybody, access.Of(null));
        Assert.Same(Caller.Anybody, access.Of("hg_whatever"));
    }

    [Fact]
    public async Task From_the_first_token_on_each_call_needs_one_without_a_restart()
    {
        using var access = Open();
        var (text, _) = await Store.AddAsync("ci", AccessScopes.Read, null, null);

        _time.Advance(Second);

        Assert.True(access.IsRequired);
        Assert.Null(access.Of(null));
        Assert.Null(access.Of("hg_whatever"));
        Assert.Equal("ci", access.Of(text)?.Name);
        Assert.Contains("tokens are from now on: ci", _notices);
    }

    [Fact]
    public async Task A_token_that_is_taken_away_is_known_no_more_and_nobody_may_call_after_the_last()
    {
        var (text, _) = await Store.AddAsync("ci", AccessScopes.Read, null, null);
        using var access = Open();
        Assert.NotNull(access.Of(text));

        await Store.RemoveAsync("ci");
        _time.Advance(Second);

        Assert.True(access.IsRequired);
        Assert.Null(access.Of(text));
        Assert.Null(access.Of(null));
    }

    [Fact]
    public async Task A_file_that_is_gone_or_damaged_opens_nothing()
    {
        var (text, _) = await Store.AddAsync("ci", AccessScopes.Read, null, null);
        using var access = Open();

        _folder.Write(TokenStore.FileName, "{ damaged");
        _time.Advance(Second);
        Assert.NotNull(access.Of(text));
        Assert.Null(access.Of(null));
        Assert.Contains(_notices, notice => notice.Contains("stay as they are", StringComparison.Ordinal));

        File.Delete(Store.File);
        _time.Advance(Second);
        Assert.Null(access.Of(text));
        Assert.Null(access.Of(null));
    }

    [Fact]
    public async Task A_token_is_good_until_it_expires()
    {
        var (text, _) = await Store.AddAsync("ci", AccessScopes.Read, null, _time.GetUtcNow().AddDays(1));
        using var access = Open();

        _time.Advance(TimeSpan.FromDays(1) - Second);
        Assert.NotNull(access.Of(text));
        _time.Advance(Second);
        Assert.Null(access.Of(text));
    }

    [Fact]
    public async Task Tokens_come_from_the_configuration_a_mounted_file_and_the_data_directory()
    {
        _folder.Write("mounted.json", TokenFile.Write([new("mounted", TokenText.HashOf("hg_mounted"), AccessScopes.Submit) { Tenant = "acme" }]));
        var (text, _) = await Store.AddAsync("kept", AccessScopes.Operate, null, null);
        using var access = Open(new AccessConfiguration { Tokens = [new("given", TokenText.HashOf("hg_given"), AccessScopes.Admin)], TokensFile = _folder["mounted.json"] });

        Assert.Equal(new Caller("given", AccessScopeNames.All, null), access.Of("hg_given"));
        Assert.Equal(new Caller("mounted", AccessScopes.Submit, "acme"), access.Of("hg_mounted"));
        Assert.Equal(new Caller("kept", AccessScopes.Read | AccessScopes.Submit | AccessScopes.Operate, null), access.Of(text));

        // As Kubernetes does it: a link to another file, with the same time perhaps.
        _folder.Write("next.json", TokenFile.Write([new("other", TokenText.HashOf("hg_other"), AccessScopes.Read)]));
        File.Delete(_folder["mounted.json"]);
        File.CreateSymbolicLink(_folder["mounted.json"], _folder["next.json"]);
        File.SetLastWriteTimeUtc(_folder["next.json"], DateTime.UnixEpoch);
        _time.Advance(Second);

        Assert.Null(access.Of("hg_mounted"));
        Assert.Equal("other", access.Of("hg_other")?.Name);
    }

    [Fact]
    public async Task Whoever_was_let_in_is_not_known_any_more_when_its_token_is_gone()
    {
        using var access = Open();
        Assert.True(access.Knows(Caller.Anybody));

        var (text, _) = await Store.AddAsync("ci", AccessScopes.Read, null, _time.GetUtcNow().AddDays(1));
        _time.Advance(Second);
        var caller = access.Of(text)!;
        Assert.True(access.Knows(caller));
        Assert.False(access.Knows(Caller.Anybody));

        await Store.RemoveAsync("ci");
        _time.Advance(Second);
        Assert.False(access.Knows(caller));
    }

    [Fact]
    public async Task Two_tokens_of_one_name_are_refused_wherever_they_stand()
    {
        await Store.AddAsync("ci", AccessScopes.Read, null, null);

        var wrong = Assert.Throws<ConfigurationException>(() => Open(new AccessConfiguration { Tokens = [new("ci", TokenText.HashOf("hg_given"), AccessScopes.Admin)] }));

        Assert.Contains("\"ci\" has the name of another one", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mounted_file_that_is_not_there_is_told_at_the_start()
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Open(new AccessConfiguration { TokensFile = _folder["nowhere.json"] }));

        Assert.Contains("nowhere.json: cannot be read", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_shows_many_wrong_tokens_is_asked_to_wait_and_nobody_else()
    {
        using var wrong = new WrongTokens(_time);
        var (one, other) = (System.Net.IPAddress.Parse("203.0.113.1"), System.Net.IPAddress.Parse("203.0.113.2"));

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Null(wrong.Count(one)));
        Assert.InRange(wrong.Count(one)!.Value.TotalSeconds, 0.001, 1.1);
        Assert.Null(wrong.Count(other));
        _time.Advance(2 * Second);
        Assert.Null(wrong.Count(one));
    }

    [Theory]
    [InlineData("203.0.113.1", "203.0.113.1")]
    [InlineData("::ffff:203.0.113.1", "203.0.113.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [InlineData("::1", "::1")]
    public void A_place_is_an_address_or_what_one_subscriber_has_of_them(string address, string expected) =>
        Assert.Equal(expected, Caller.PlaceOf(System.Net.IPAddress.Parse(address)));

    private Access Open(AccessConfiguration? configuration = null) => Access.Open(configuration ?? AccessConfiguration.Default, _folder[""], _time, _notices.Add);
}
