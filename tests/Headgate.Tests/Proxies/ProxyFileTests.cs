using System.Text;
using Headgate.Configuration;
using Headgate.Proxies;
using Headgate.Tests.Ledgers;

namespace Headgate.Tests.Proxies;

public sealed class ProxyFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void A_proxy_a_line_with_comments_and_blank_lines()
    {
        var entries = Read("# mine\n\nhttp://u:p@10.0.0.1:3128\r\nsocks5://proxy.example\n  https://proxy.example?tunnel=always\n");

        Assert.Equal(["http://10.0.0.1:3128#0bfe93", "socks5://proxy.example:1080", "https://proxy.example:443"], entries.Select(entry => entry.Name));
        Assert.All(entries, entry => Assert.Equal((entry.Name, 1), (entry.ExitName, entry.Weight)));
    }

    [Fact]
    public void Json_tells_country_exit_weight_and_limits_too()
    {
        var entries = Read("""[ { "url": "http://a.example:1", "country": "de", "exit": "198.51.100.7", "weight": 3, "limits": ["5/s", "2 concurrent"] }, "http://b.example:2" ]""");

        Assert.Equal(("DE", "198.51.100.7", 3, "5/s 2 concurrent"), (entries[0].Country, entries[0].ExitName, entries[0].Weight, string.Join(' ', entries[0].Limits!)));
        Assert.Equal((null, "http://b.example:2", null), (entries[1].Country, entries[1].ExitName, (object?)entries[1].Limits));
    }

    [Fact]
    public void Users_of_one_proxy_have_the_same_names_in_any_order_and_company_and_none_shows_a_user_or_password()
    {
        var both = Read("http://one-user:secret-1@a.example:1\nhttp://two-user:secret-2@a.example:1\n");
        var turned = Read("http://two-user:secret-2@a.example:1\nhttp://one-user:secret-1@a.example:1\n");
        var alone = Read("http://two-user:secret-3@a.example:1\n");

        Assert.Equal(both.Reverse().Select(entry => entry.ExitName), turned.Select(entry => entry.ExitName));
        Assert.Equal(both[1].Name, alone[0].Name);
        Assert.NotEqual(both[0].Name, both[1].Name);
        Assert.DoesNotMatch("secret|user", string.Concat(both));
    }

    [Fact]
    public void What_differs_by_its_password_only_is_numbered()
    {
        var entries = Read("http://one:secret-1@a.example:1\nhttp://one:secret-2@a.example:1\n");

        Assert.Equal($"{entries[0].Name}#2", entries[1].Name);
    }

    [Theory]
    [InlineData("ftp://a.example", 1, "the proxy ")]
    [InlineData("http://u:hunter2@a.example:99999", 1, "has a port")]
    [InlineData("http://a.example\nhttp://a.example:80", 2, "the proxy is the one at")]
    [InlineData("[ { \"url\": \"http://a.example\", \"wieght\": 2 } ]", 1, "unknown member")]
    [InlineData("[ { \"url\": \"http://a.example\", \"country\": \"Germany\" } ]", 1, "two letters")]
    [InlineData("[ { \"url\": \"http://a.example\", \"limits\": [\"500 tokens/s\"] } ]", 1, "counted in requests")]
    [InlineData("[ { \"url\": \"http://a.example\", \"weight\": 0 } ]", 1, "from 1 to 1000")]
    [InlineData("[ { \"url\": \"http://a.example\", \"exit\": \"x\" }, { \"url\": \"http://b.example\", \"exit\": \"x\", \"limits\": [\"1/s\"] } ]", 1, "the same exit")]
    [InlineData("{ \"proxy\": [] }", 1, "neither a list")]
    [InlineData("# nothing\n", 0, "no proxy in")]
    public void What_is_none_is_told_with_its_line_and_without_its_password(string text, int line, string words)
    {
        var error = Assert.Single(Assert.Throws<ConfigurationException>(() => Read(text)).Errors);

        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(line, error.Origin.Line);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_of_somebody_else_may_tell_more_than_we_ask_and_twice()
    {
        var json = """{ "count": 3, "proxies": [ { "url": "http://a.example:1", "country": "United Kingdom", "score": 0.9 }, { "url": "http://a.example:1", "country": null }, { "url": "socks5://b.example", "country": "FR" } ] }""";

        var entries = ProxyFile.ReadAnswer(Encoding.UTF8.GetBytes(json), "http://list.example");

        Assert.Equal([("http://a.example:1", null), ("socks5://b.example:1080", "FR")], entries.Select(entry => (entry.Name, entry.Country)));
        Assert.Throws<ConfigurationException>(() => ProxyFile.ReadAnswer("<html>"u8.ToArray(), "http://list.example"));
    }

    [Fact]
    public void What_else_a_list_of_somebody_else_tells_changes_no_limit_and_refuses_nothing()
    {
        var json = """{ "proxies": [ { "url": "http://a.example:1", "exit": "x y", "weight": 0, "limits": ["1000/s"] }, { "url": "ftp://b.example" }, 7, "http://c.example:3" ] }""";

        var entries = ProxyFile.ReadAnswer(Encoding.UTF8.GetBytes(json), "http://list.example");

        Assert.Equal([("http://a.example:1", "http://a.example:1", 1, true), ("http://c.example:3", "http://c.example:3", 1, true)], entries.Select(entry => (entry.Name, entry.ExitName, entry.Weight, entry.Limits is null)));
        Assert.Throws<ConfigurationException>(() => ProxyFile.ReadAnswer("""["ftp://b.example"]"""u8.ToArray(), "http://list.example"));
    }

    public void Dispose() => _folder.Dispose();

    private IReadOnlyList<ProxyEntry> Read(string text)
    {
        var path = Path.Combine(_folder.Path, "proxies.txt");
        File.WriteAllText(path, text);
        return ProxyFile.Read($"file:{path}");
    }
}
