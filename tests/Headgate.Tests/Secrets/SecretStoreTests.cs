using Headgate.App.CommandLine;
using Headgate.App.Secrets;
using Headgate.Configuration;
using Headgate.Time;

namespace Headgate.Tests.Secrets;

public sealed class SecretStoreTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"headgate-{Guid.NewGuid():N}");
    private readonly Dictionary<string, string> _environment = new() { ["HEADGATE_SECRET"] = "a secret of some length" };
    private readonly VirtualTime _time = new();

    public void Dispose()
    {
        if (Directory.Exists(_directory))
            Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_key_comes_back_as_it_was_put_there_and_no_file_has_it_in_the_clear()
    {
        await AddAsync("openai", "one", "sk-first", ["5/s"], 3);
        await AddAsync("openai", null, "sk-second");
        await AddAsync("github", null, "gh-third");

        var keys = Store().Keys("openai");

        Assert.Equal([("one", "sk-first", "5/s", 3), ("key-1", "sk-second", "", 1)], keys.Select(key => (key.Secret.Name, key.Secret.Reveal(), string.Join(',', key.Limits ?? []), key.Weight)));
        Assert.Equal("gh-third", Store().Keys("github").Single().Secret.Reveal());
        foreach (var file in Directory.GetFiles(_directory, "*", SearchOption.AllDirectories))
        {
            var text = File.ReadAllText(file);
            foreach (var secret in (string[])["sk-first", "sk-second", "gh-third", "a secret of", "<masterKey"])
                Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
            if (!OperatingSystem.IsWindows() && !file.EndsWith(".lock", StringComparison.Ordinal) && Path.GetDirectoryName(file) == _directory)
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Theory]
    [InlineData("ring", UnixFileMode.GroupWrite)]
    [InlineData("ring", UnixFileMode.OtherWrite)]
    [InlineData("", UnixFileMode.GroupWrite)]
    public async Task A_store_or_a_ring_that_others_may_write_to_is_refused(string folder, UnixFileMode others)
    {
        if (OperatingSystem.IsWindows())
            return;
        await AddAsync("openai", null, "sk-first");
        var open = Path.Combine(_directory, folder).TrimEnd('/');
        File.SetUnixFileMode(open, File.GetUnixFileMode(open) | others);

        Assert.Contains($"chmod go-w {open}", Assert.Throws<ConfigurationException>(() => Store().Keys("openai")).Message, StringComparison.Ordinal);
        Assert.Contains("chmod go-w", (await Assert.ThrowsAsync<CommandException>(() => AddAsync("openai", null, "sk-second"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_its_secret_nothing_can_be_read_nor_added()
    {
        await AddAsync("openai", null, "sk-first");
        var before = File.ReadAllText(Store().File);

        foreach (var (secret, says) in ((string?, string)[])[(null, "set HEADGATE_SECRET"), ("another secret of that length", "HEADGATE_SECRET is another"), ("short", "shorter than 16")])
        {
            _environment.Remove("HEADGATE_SECRET");
            if (secret is not null)
                _environment["HEADGATE_SECRET"] = secret;
            Assert.Contains(says, Assert.Throws<ConfigurationException>(() => Store().Keys("openai")).Message, StringComparison.Ordinal);
            Assert.Contains(says, (await Assert.ThrowsAsync<CommandException>(() => AddAsync("openai", null, "sk-second", unprotected: true))).Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, File.ReadAllText(Store().File));
        Assert.Single(Directory.GetFiles(Path.Combine(_directory, "ring")));
        // What it is called is no secret.
        Assert.Equal("key-1", Store().List(SecretKind.Key).Single().Name);
    }

    [Fact]
    public async Task A_store_that_nothing_protects_is_made_only_where_that_is_said()
    {
        _environment.Clear();
        Assert.Contains("--unprotected", (await Assert.ThrowsAsync<CommandException>(() => AddAsync("p", null, "value"))).Message, StringComparison.Ordinal);
        Assert.Contains("has no keys", (await Assert.ThrowsAsync<CommandException>(() => Store().RemoveAsync(SecretKind.Key, "p", "one"))).Message, StringComparison.Ordinal);
        _environment["HEADGATE_SECRET"] = "short";
        Assert.Contains("shorter than 16", (await Assert.ThrowsAsync<CommandException>(() => AddAsync("p", null, "value"))).Message, StringComparison.Ordinal);
        _environment.Clear();
        // Whoever was refused finds nothing that was not there before, no lock either.
        Assert.True(!Directory.Exists(_directory) || Directory.GetFileSystemEntries(_directory).Length == 0);

        await AddAsync("p", null, "value", unprotected: true);

        Assert.Equal("value", Store().Keys("p").Single().Secret.Reveal());
        // A secret that comes later protects nothing that is there.
        _environment["HEADGATE_SECRET"] = "a secret of some length";
        Assert.Contains("was made with --unprotected", (await Assert.ThrowsAsync<CommandException>(() => AddAsync("p", null, "other"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_is_taken_once_unless_it_is_to_be_replaced_and_a_value_once_in_each_pool()
    {
        await AddAsync("p", "one", "first");
        await AddAsync("p", "two", "second");
        Assert.Contains("--replace", (await Assert.ThrowsAsync<CommandException>(() => AddAsync("p", "one", "third"))).Message, StringComparison.Ordinal);
        Assert.Contains("as \"two\"", (await Assert.ThrowsAsync<CommandException>(() => AddAsync("p", "three", "second"))).Message, StringComparison.Ordinal);

        await AddAsync("p", "one", "third", replaces: true);

        Assert.Equal([("one", "third"), ("two", "second")], Store().Keys("p").Select(key => (key.Secret.Name, key.Secret.Reveal())));
        Assert.Equal(1, await Store().RemoveAsync(SecretKind.Key, "p", "one"));
        Assert.Contains("did you mean \"two\"", (await Assert.ThrowsAsync<CommandException>(() => Store().RemoveAsync(SecretKind.Key, "p", "tow"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_is_moved_to_another_name_is_worth_nothing()
    {
        await AddAsync("p", "cheap", "first");
        await AddAsync("p", "dear", "second");
        var keys = Store().List(SecretKind.Key);
        File.WriteAllText(Store().File, File.ReadAllText(Store().File).Replace(keys[0].Value, "x", StringComparison.Ordinal).Replace(keys[1].Value, keys[0].Value, StringComparison.Ordinal));

        Assert.Contains("damaged", Assert.Throws<ConfigurationException>(() => Store().Keys("p")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ring_that_is_gone_is_told_as_that()
    {
        await AddAsync("p", "one", "first");
        foreach (var file in Directory.GetFiles(Path.Combine(_directory, "ring")))
            File.Delete(file);

        Assert.Contains("\"ring\" is empty", Assert.Throws<ConfigurationException>(() => Store().Keys("p")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pool_that_is_not_there_is_told_with_what_to_do() =>
        Assert.Contains("headgate keys add openai", Assert.Throws<ConfigurationException>(() => Store().Keys("openai")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{")]
    [InlineData("""{"version":2,"protection":"None","keys":[]}""")]
    [InlineData("""{"version":1,"protection":"None","keys":[null]}""")]
    [InlineData("""{"version":1,"protection":"None","keys":[],"proxies":[null]}""")]
    public void A_damaged_file_is_told_and_stays_as_it_is(string content)
    {
        Directory.CreateDirectory(_directory);
        File.WriteAllText(Store().File, content);

        Assert.Contains("damaged", Assert.Throws<ConfigurationException>(() => Store().Keys("p")).Message, StringComparison.Ordinal);
        Assert.Contains("damaged", Assert.Throws<ConfigurationException>(() => Store().Proxies("p")).Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(Store().File));
    }

    private SecretStore Store() => new(_directory, name => _environment.GetValueOrDefault(name), _time);

    private Task AddAsync(string pool, string? name, string value, IReadOnlyList<string>? limits = null, int weight = 1, bool replaces = false, bool unprotected = false) =>
        Store().AddAsync(SecretKind.Key, new StoredSecret(pool, name ?? "", "", default, limits, weight), value, replaces, unprotected);
}
