using Headgate.App.CommandLine;
using Headgate.App.Secrets;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Proxies;
using Headgate.Tests.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Secrets;

/// <summary>Proxies in the encrypted store: what a file of proxies can say, and nothing else.</summary>
public sealed class StoredProxiesTests : IDisposable
{
    private const string Url = "http://me:hunter2@a.example:3128";
    private const string Name = "http://a.example:3128#2744cc";

    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_proxy_comes_back_as_it_was_put_there_and_no_file_has_its_user_or_password()
    {
        await AddAsync("p", Url, "DE", "198.51.100.7", 3, "5/s", "2 concurrent");
        await AddAsync("p", "socks5://b.example?tunnel=always");

        var proxies = Store().Proxies("p");

        Assert.Equal([Name, "socks5://b.example:1080"], proxies.Select(proxy => proxy.Name));
        Assert.Equal(("me", "hunter2", "DE", "198.51.100.7", 3, "5/s 2 concurrent"), (proxies[0].Endpoint.User, proxies[0].Endpoint.Password, proxies[0].Country, proxies[0].Exit, proxies[0].Weight, string.Join(' ', proxies[0].Limits!)));
        Assert.Equal((true, null, null, 1, true), (proxies[1].Endpoint.TunnelsAlways, proxies[1].Country, proxies[1].Exit, proxies[1].Weight, proxies[1].Limits is null));
        Assert.Equal([Name, "socks5://b.example:1080"], Store().List(SecretKind.Proxy).Select(proxy => proxy.Name));
        foreach (var file in Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories))
            Assert.DoesNotMatch("hunter2|me:|me@", File.ReadAllText(file));
    }

    [Fact]
    public async Task Keys_and_proxies_of_one_pool_know_nothing_of_each_other()
    {
        await Store().AddAsync(SecretKind.Key, new StoredSecret("p", "one", "", default), "sk-first", replaces: false, unprotected: false);
        Assert.Contains("headgate proxies add p", Assert.Throws<ConfigurationException>(() => Store().Proxies("p")).Message, StringComparison.Ordinal);
        await AddAsync("p", Url);

        Assert.Equal("sk-first", Store().Keys("p").Single().Secret.Reveal());
        Assert.Equal(Name, Store().Proxies("p").Single().Name);
        Assert.Equal(0, await Store().RemoveAsync(SecretKind.Proxy, "p", Name));
        Assert.Single(Store().Keys("p"));
        Assert.DoesNotContain("proxies", File.ReadAllText(Store().File), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_is_in_its_pool_once_unless_it_is_to_be_replaced_and_keeps_its_place_then()
    {
        await AddAsync("p", Url);
        await AddAsync("p", "http://b.example:1");
        Assert.Contains("give --replace", (await Assert.ThrowsAsync<CommandException>(() => AddAsync("p", Url))).Message, StringComparison.Ordinal);
        Assert.Contains("give --replace", (await Assert.ThrowsAsync<CommandException>(() => AddAsync("p", Url.Replace("hunter2", "another", StringComparison.Ordinal)))).Message, StringComparison.Ordinal);

        await AddAsync("p", Url.Replace("hunter2", "another", StringComparison.Ordinal), replaces: true);
        await AddAsync("q", Url);

        Assert.Equal([(Name, "another"), ("http://b.example:1", "")], Store().Proxies("p").Select(proxy => (proxy.Name, proxy.Endpoint.Password)));
        Assert.Equal("hunter2", Store().Proxies("q").Single().Endpoint.Password);
    }

    [Fact]
    public async Task Proxies_of_one_exit_have_the_same_limits_there_too()
    {
        await AddAsync("p", "http://a.example:1", null, "x", 1, "5/s");

        Assert.Contains("the same exit", (await Assert.ThrowsAsync<CommandException>(() => AddAsync("p", "http://b.example:1", null, "x", 1, "6/s"))).Message, StringComparison.Ordinal);
        await AddAsync("p", "http://b.example:1", null, "x", 1, "5/s");

        Assert.Equal(2, Store().Proxies("p").Count);
    }

    [Fact]
    public async Task A_URL_that_is_moved_to_another_proxy_pool_or_kind_is_worth_nothing()
    {
        await AddAsync("p", Url);
        await AddAsync("p", "http://b.example:1");
        var (text, proxies) = (File.ReadAllText(Store().File), Store().List(SecretKind.Proxy));

        foreach (var changed in (string[])[text.Replace(proxies[1].Value, proxies[0].Value, StringComparison.Ordinal), text.Replace("\"pool\": \"p\"", "\"pool\": \"q\"", StringComparison.Ordinal), text.Replace("\"keys\": []", "\"keys\": null", StringComparison.Ordinal), text.Replace("\"weight\": 1", "\"weight\": 0", StringComparison.Ordinal)])
        {
            Assert.NotEqual(text, changed);
            File.WriteAllText(Store().File, changed);
            Assert.Contains("damaged", Assert.Throws<ConfigurationException>(() => Store().Proxies(changed.Contains("\"q\"", StringComparison.Ordinal) ? "q" : "p")).Message, StringComparison.Ordinal);
        }
        File.WriteAllText(Store().File, text.Replace("\"keys\"", "\"other\"", StringComparison.Ordinal).Replace("\"proxies\"", "\"keys\"", StringComparison.Ordinal).Replace("\"other\"", "\"proxies\"", StringComparison.Ordinal));
        Assert.Contains("damaged", Assert.Throws<ConfigurationException>(() => Store().Keys("p")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_told_without_what_was_typed()
    {
        await AddAsync("pool-a", Url);

        var missing = await Assert.ThrowsAsync<CommandException>(() => Store().RemoveAsync(SecretKind.Proxy, "pool-a", Url));
        Assert.DoesNotContain("hunter2", missing.Message, StringComparison.Ordinal);
        Assert.Contains("did you mean \"pool-a\"", (await Assert.ThrowsAsync<CommandException>(() => Store().RemoveAsync(SecretKind.Proxy, "pool-b", Name))).Message, StringComparison.Ordinal);
        Assert.Contains("headgate proxies add another", Assert.Throws<ConfigurationException>(() => Store().Proxies("another")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pool_of_a_configuration_has_those_of_its_file_and_of_the_store_and_the_library_has_no_store()
    {
        await AddAsync("p", Url);
        var file = Path.Combine(_folder.Path, "proxies.txt");
        File.WriteAllText(file, "http://b.example:1\nhttp://me:hunter2@a.example:3128\n");
        var pool = new ProxyPoolConfiguration { Name = "pool", From = ["store:p", $"file:{file}", "http://list.example"] };

        Assert.Equal([Name, "http://b.example:1"], ProxyFile.Of(pool, source => ProxyFile.Read(source, Store().Proxies)).Select(proxy => proxy.Name));
        Assert.Contains("for the program headgate", Assert.Throws<ConfigurationException>(() => ProxyFile.Read("store:p")).Message, StringComparison.Ordinal);
        Assert.Equal("store:p", KeyFile.Absolute("store:p"));
    }

    private SecretStore Store() => new(Path.Combine(_folder.Path, "store"), static name => name == "HEADGATE_SECRET" ? "a secret of some length" : null, _time);

    private Task AddAsync(string pool, string url, string? country = null, string? exit = null, int weight = 1, params string[] limits) => AddAsync(pool, url, false, country, exit, weight, limits);

    private Task AddAsync(string pool, string url, bool replaces, string? country = null, string? exit = null, int weight = 1, params string[] limits)
    {
        var described = new StoredSecret(pool, "", "", default, limits.Length > 0 ? limits : null, weight, country, exit);
        return Store().AddAsync(SecretKind.Proxy, described with { Name = StoredProxies.Read([(described, url)]).Single().Name }, url, replaces, unprotected: false);
    }
}
