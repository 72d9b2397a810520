using Headgate.App.CommandLine;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Tests.Input;
using Headgate.Time;

namespace Headgate.Tests.Security;

public sealed class TokenStoreTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();

    private TokenStore Store => new(_folder["data"], _time);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Of_a_token_its_hash_is_kept_for_its_owner_alone()
    {
        var (text, _) = await Store.AddAsync("ci", AccessScopes.Read | AccessScopes.Submit, "acme", _time.GetUtcNow().AddDays(90));

        var written = await File.ReadAllTextAsync(Store.File, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(text[3..], written, StringComparison.Ordinal);
        Assert.Contains(TokenText.HashOf(text), written, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Store.File));
        var kept = Assert.Single(Store.Read());
        Assert.Equal(("ci", AccessScopes.Read | AccessScopes.Submit, "acme"), (kept.Name, kept.Scopes, kept.Tenant));
        Assert.Equal((_time.GetUtcNow(), _time.GetUtcNow().AddDays(90)), (kept.Created, kept.Expires));
    }

    [Fact]
    public async Task A_name_is_for_one_token()
    {
        await Store.AddAsync("ci", AccessScopes.Read, null, null);

        var refused = await Assert.ThrowsAsync<CommandException>(() => Store.AddAsync("ci", AccessScopes.Admin, null, null));

        Assert.Equal(ExitCode.Configuration, refused.Code);
        Assert.Contains("headgate tokens rm ci", refused.Message, StringComparison.Ordinal);
        Assert.Equal(AccessScopes.Read, Assert.Single(Store.Read()).Scopes);
    }

    [Fact]
    public async Task What_is_for_the_whole_service_is_not_for_one_tenant()
    {
        var refused = await Assert.ThrowsAsync<CommandException>(() => Store.AddAsync("x", AccessScopes.Admin, "acme", null));

        Assert.Contains("operate and admin", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Store.Read());
    }

    [Fact]
    public async Task A_token_that_is_taken_away_leaves_the_others()
    {
        foreach (var name in (string[])["a", "b", "c"])
            await Store.AddAsync(name, AccessScopes.Read, null, null);

        Assert.Equal(2, await Store.RemoveAsync("b"));

        Assert.Equal(["a", "c"], Store.Read().Select(token => token.Name));
        var unknown = await Assert.ThrowsAsync<CommandException>(() => Store.RemoveAsync("aa"));
        Assert.Contains("did you mean \"a\"?", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_who_add_at_once_lose_none()
    {
        var store = new TokenStore(_folder["data"], TimeProvider.System);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Task.Run(() => store.AddAsync($"t{number}", AccessScopes.Read, null, null))));

        Assert.Equal(20, store.Read().Count);
    }

    [Theory]
    [InlineData("""{"tokens":[{"name":"a","hash":"hg_secret","scopes":["read"]}]}""", "the token itself does not belong here")]
    [InlineData("""{"tokens":[{"name":"a","hash":"sha256:00","scopes":["read"]}]}""", "64 hex digits")]
    [InlineData("""{"tokens":[{"name":"a b","hash":"HASH","scopes":["read"]}]}""", "is not a name")]
    [InlineData("""{"tokens":[{"name":"a","hash":"HASH","scopes":["write"]}]}""", "is not a scope")]
    [InlineData("""{"tokens":[{"name":"a","hash":"HASH","scopes":[]}]}""", "needs an entry")]
    [InlineData("""{"tokens":[{"name":"a","hash":"HASH"}]}""", "\"scopes\" is missing")]
    [InlineData("""{"tokens":[{"name":"a","hash":"HASH","scopes":["read"],"expires":"2030-01-01"}]}""", "is not a date and time")]
    [InlineData("""{"tokens":[{"name":"a","hash":"HASH","scopes":["read"],"expires":"2030-01-01T00:00:00"}]}""", "is not a date and time")]
    [InlineData("""{"tokens":[{"name":"a","hash":"HASH","scopes":["admin"],"tenant":"t"}]}""", "operate and admin")]
    [InlineData("""{"tokens":[{"name":"a","hash":"HASH","scopes":["read"]},{"name":"a","hash":"HASH1","scopes":["read"]}]}""", "a name is for one token")]
    [InlineData("""{"tokens":[{"name":"a","hash":"HASH","scopes":["read"]},{"name":"b","hash":"HASH","scopes":["read"]}]}""", "is the token \"a\" once more")]
    [InlineData("""{"tokens":[{"name":"a","hash":"HASH","scopes":["read"],"tennant":"t"}]}""", "did you mean \"tenant\"?")]
    [InlineData("""{"tokens":{}}""", "is not a list")]
    [InlineData("""{"version":2,"tokens":[]}""", "a version this program reads")]
    [InlineData("""[]""", "is not a group")]
    [InlineData("""{"tokens":[""", "not JSON")]
    [InlineData("", "not JSON")]
    public void A_file_that_is_wrong_is_told_with_its_place_and_without_its_secrets(string json, string expected)
    {
        var hash = TokenText.HashOf("hg_a");
        var bytes = System.Text.Encoding.UTF8.GetBytes(json.Replace("HASH1", TokenText.HashOf("hg_b"), StringComparison.Ordinal).Replace("HASH", hash, StringComparison.Ordinal));

        var wrong = Assert.Throws<ConfigurationException>(() => TokenFile.Parse(bytes, "tokens.json"));

        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
        Assert.StartsWith("tokens.json:1:", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hg_secret", wrong.Message, StringComparison.Ordinal);
    }
}
