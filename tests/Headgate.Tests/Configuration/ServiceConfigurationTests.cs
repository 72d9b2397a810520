using System.Net;
using Headgate.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Headgate.Tests.Configuration;

/// <summary>The groups <c>serve</c> and <c>jobs</c>.</summary>
public sealed class ServiceConfigurationTests
{
    [Fact]
    public void What_is_not_given_has_its_default()
    {
        var configuration = WrittenConfiguration.Read("{}").OrThrow();

        var serve = configuration.Serve;
        Assert.Equal(["http://127.0.0.1:8015"], serve.Listen.Select(url => url.ToString()));
        Assert.Equal(("data", TimeSpan.FromMinutes(2), 0, null), (serve.Data, serve.Hold, serve.AllowAddresses.Count, serve.UpRoot));
        Assert.Equal(JobsConfiguration.Default, configuration.Jobs);
        Assert.Equal((1_000_000, BackpressureAct.Reject, 2L << 30), (configuration.Jobs.Backpressure!.Threshold, configuration.Jobs.Backpressure.Act, configuration.Jobs.Retention.Bytes));
        Assert.Equal((JobPlace.Sqlite, JobPlace.Sqlite, TimeSpan.FromDays(7), TimeSpan.FromSeconds(25)), (configuration.Jobs.Queue, configuration.Jobs.Store, configuration.Jobs.Retention.Age, configuration.Jobs.Drain));
    }

    [Fact]
    public void What_is_given_is_read()
    {
        var configuration = WrittenConfiguration.Read(WrittenConfiguration.Complete).OrThrow();

        Assert.Equal([new ListenUrl(IPAddress.Loopback, 8015), new ListenUrl(IPAddress.IPv6Loopback, 0)], configuration.Serve.Listen);
        Assert.Equal([IPNetwork.Parse("10.1.0.0/16"), IPNetwork.Parse("fd00::1/128")], configuration.Serve.AllowAddresses);
        Assert.Equal("github", configuration.Serve.UpRoot);
        Assert.Equal(("http://127.0.0.1:8016", TimeSpan.FromMinutes(10)), (configuration.Serve.ProxyListen!.ToString(), configuration.Serve.ProxyIdle));
        Assert.Equal(["api.example.com", "[::1]:8443"], configuration.Serve.ProxyUpgrade);
        Assert.Equal(1L << 30, configuration.Serve.CacheDisk);
        Assert.Equal("jobs.db", Path.GetFileName(configuration.Jobs.Store.Path));
        Assert.Null(configuration.Jobs.Queue.Path);
        Assert.Equal((50, 100, 10, BackpressureAct.DropLowPriority), (configuration.Jobs.Workers, configuration.Jobs.Most, configuration.Jobs.Backpressure!.Threshold, configuration.Jobs.Backpressure.Act));
    }

    [Fact]
    public void Variables_and_flags_win_as_everywhere()
    {
        ConfigurationOverride[] flags = [new("/jobs/drain", ["3"], "--drain")];
        var configuration = WrittenConfiguration.Read(
            """{ "serve": { "listen": ["127.0.0.1:1", "127.0.0.1:2"] } }""", flags,
            ("HEADGATE_SERVE__LISTEN__1", "localhost:3"), ("HEADGATE_SERVE__ALLOW_ADDRESSES__0", "10.0.0.0/8"), ("HEADGATE_JOBS__RETENTION__AGE", "null"), ("HEADGATE_JOBS__DRAIN", "2")).OrThrow();

        Assert.Equal([1, 3], configuration.Serve.Listen.Select(url => url.Port));
        Assert.Equal("10.0.0.0/8", Assert.Single(configuration.Serve.AllowAddresses).ToString());
        Assert.Null(configuration.Jobs.Retention.Age);
        Assert.Equal(TimeSpan.FromSeconds(3), configuration.Jobs.Drain);
    }

    [Fact]
    public void Paths_in_a_file_are_relative_to_it_and_all_others_to_where_the_service_was_started()
    {
        using var directory = new TemporaryDirectory();
        directory.Write("etc/headgate.json", """{ "serve": { "data": "in-file" }, "jobs": { "queue": "sqlite:q.db" } }""");
        var sources = new ConfigurationSources { Directory = directory.Path, File = "etc/headgate.json", Environment = new Dictionary<string, string>() };

        var ofFile = ConfigurationReader.Read(sources).OrThrow();
        var ofFlag = ConfigurationReader.Read(sources with { Flags = [new("/serve/data", ["given"], "--data"), new("/jobs/queue", ["sqlite:g.db"], "--queue")] }).OrThrow();
        var usual = ConfigurationReader.Read(sources with { File = null }).OrThrow();

        Assert.Equal((In("etc/in-file"), In("etc/q.db")), (ofFile.Serve.Data, ofFile.Jobs.Queue.Path));
        Assert.Equal((In("given"), In("g.db")), (ofFlag.Serve.Data, ofFlag.Jobs.Queue.Path));
        Assert.Equal("data", usual.Serve.Data);

        string In(string path) => Path.Combine(directory.Path, path);
    }

    [Theory]
    [InlineData("""{ "queue": "memory:" }""", "memory:", "memory:")]
    [InlineData("""{ "store": "memory:" }""", "memory:", "memory:")]
    [InlineData("""{ "queue": "memory:", "store": "sqlite:" }""", "memory:", "sqlite:")]
    [InlineData("""{ "store": "sqlite:" }""", "sqlite:", "sqlite:")]
    [InlineData("{}", "sqlite:", "sqlite:")]
    public void Of_queue_and_store_one_is_where_the_other_is(string jobs, string queue, string store)
    {
        var read = WrittenConfiguration.Read($$"""{ "jobs": {{jobs}} }""").OrThrow().Jobs;

        Assert.Equal((queue, store), (read.Queue.ToString(), read.Store.ToString()));
    }

    [Theory]
    [InlineData("{}", 2L << 30)]
    [InlineData("""{ "queue": "memory:" }""", 256L << 20)]
    [InlineData("""{ "queue": "memory:", "store": "sqlite:" }""", 2L << 30)]
    [InlineData("""{ "queue": "memory:", "retention": { "bytes": "1GiB" } }""", 1L << 30)]
    [InlineData("""{ "retention": { "bytes": null } }""", null)]
    public void What_is_kept_in_memory_is_less_unless_somebody_says_so(string jobs, long? bytes) =>
        Assert.Equal(bytes, WrittenConfiguration.Read($$"""{ "jobs": {{jobs}} }""").OrThrow().Jobs.Retention.Bytes);

    [Fact]
    public void An_API_that_says_nothing_of_connections_has_those_of_the_defaults()
    {
        var configuration = WrittenConfiguration.Read("""{ "defaults": { "connections": { "idleTimeout": 5 } }, "upstreams": { "a": { "base": ["http://a"] }, "b": { "base": ["http://b"], "connections": { "perHost": 7 } } } }""").OrThrow();
        var apis = new UpstreamMap(configuration);

        Assert.Equal([5, 30, 5], ((string[])["http://a/x", "http://b/x", "http://other/x"]).Select(url => apis.Find(new Uri(url)).Connections.IdleTimeout.Seconds));
    }

    [Fact]
    public void What_follows_of_a_value_is_listed_with_its_origin()
    {
        var values = ConfigurationListing.Of(WrittenConfiguration.Read("{}", ("HEADGATE_JOBS__QUEUE", "memory:")).Root).ToDictionary(value => value.Pointer, value => (value.Json, $"{value.Origin}"));

        Assert.Equal(("\"memory:\"", "env HEADGATE_JOBS__QUEUE"), values["/jobs/store"]);
        Assert.Equal(("\"256MiB\"", "env HEADGATE_JOBS__QUEUE"), values["/jobs/retention/bytes"]);
        Assert.Equal("default", values["/jobs/retention/age"].Item2);
    }

    [Fact]
    public void Backpressure_can_be_turned_off() => Assert.Null(WrittenConfiguration.Read("""{ "jobs": { "backpressure": "off" } }""").OrThrow().Jobs.Backpressure);

    [Theory]
    [InlineData("""{ "serve": { "listen": ["8015"] } }""", "/serve/listen/0: \"8015\" is not an address of this machine with a port, for example \"http://127.0.0.1:8015\"")]
    [InlineData("""{ "serve": { "upRoot": "shop" } }""", "/serve/upRoot: no API is called \"shop\"; add it to \"upstreams\", or give it with --up NAME=BASE_URL")]
    [InlineData("""{ "serve": { "allowAddresses": ["10.1.2.3/16"] } }""", "/serve/allowAddresses/0: \"10.1.2.3/16\" is an address within a network; write the network as \"10.1.0.0/16\", or the address without \"/16\"")]
    [InlineData("""{ "serve": { "proxyListen": "https://127.0.0.1:8016" } }""", "/serve/proxyListen: https://127.0.0.1:8016 needs a certificate; say where that is with \"serve\": { \"tls\": { \"certificate\": \"file:PATH\", \"key\": \"file:PATH\" } }")]
    [InlineData("""{ "serve": { "proxyListen": "8016" } }""", "/serve/proxyListen: \"8016\" is not an address of this machine with a port, for example \"http://127.0.0.1:8016\"")]
    [InlineData("""{ "serve": { "proxyListen": "127.0.0.1", "proxyUpgrade": ["https://api.example.com"] } }""", "/serve/proxyUpgrade/0: \"https://api.example.com\" is not a host, with a port or without, for example \"api.example.com\"")]
    [InlineData("""{ "serve": { "proxyUpgrade": ["api.example.com"] } }""", "/serve/proxyUpgrade: is for the forward proxy; say with \"proxyListen\" (--proxy-listen URL) where that listens")]
    [InlineData("""{ "jobs": { "queue": "sqlite:", "store": "memory:" } }""", "/jobs/store: the queue (sqlite:) would outlive the jobs that wait in it; keep both in memory, or the jobs in sqlite:")]
    [InlineData("""{ "jobs": { "queue": "redis://user:hunter2@redis" } }""", "/jobs/queue: \"redis\" is no place for jobs in this version; give sqlite:, sqlite:PATH or memory:")]
    [InlineData("""{ "defaults": { "limits": ["none"] } }""", "/defaults/limits/0: \"none\" stands in the place of a whole list: write \"none\" without the brackets")]
    [InlineData("""{ "defaults": { "limits": ["5/s", "learn"] } }""", "/defaults/limits/1: \"learn\" stands in the place of a whole list: write \"learn\" without the brackets, or leave it out of this list")]
    [InlineData("""{ "total": { "limits": ["none"] } }""", "/total/limits/0: \"none\" is no limit: leave the list away, or write [], for none")]
    [InlineData("""{ "jobs": { "durable": "disk" } }""", "/jobs/durable: \"disk\" is not \"process\" or \"power\"")]
    [InlineData("""{ "jobs": { "drain": "soon" } }""", "/jobs/drain: \"soon\" is not a duration: a number of seconds, or a number with ms, s, m, h or d, for example 30 or \"250ms\"")]
    public void What_is_wrong_is_told_with_what_to_do(string json, string end) =>
        Assert.EndsWith($": {end}", Assert.Single(WrittenConfiguration.Errors(json)), StringComparison.Ordinal);

    [Theory]
    [InlineData("Headgate:Serve:Hold", "60")]
    [InlineData("Headgate:serve:listen:0", "http://127.0.0.1:1")]
    [InlineData("Headgate:Jobs:Queue", "memory:")]
    public void A_library_refuses_what_only_the_service_has(string name, string value)
    {
        var section = new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(name, (string?)value)]).Build().GetSection("Headgate");
        using var services = new ServiceCollection().AddHeadgate(section).BuildServiceProvider();

        var refused = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<HeadgateOptions>>().Value);

        Assert.Equal($"{name}: is for headgate serve, and has no effect in a program of your own; take it out", Assert.Single(refused.Failures));
    }
}
