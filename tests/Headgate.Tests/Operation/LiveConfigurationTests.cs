using Headgate.App.CommandLine;
using Headgate.App.Operation;
using Headgate.App.Runs;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Tests.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Operation;

/// <summary>A configuration that is followed while it changes: files, what was set above it, and pauses.</summary>
public sealed class LiveConfigurationTests : IDisposable
{
    private const string Two = """{ "upstreams": { "a": { "base": ["https://a.test"], "limits": ["5/min"] }, "b": { "base": ["https://b.test"], "limits": ["9/min"] } } }""";

    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();
    private readonly List<string> _said = [];
    private Engine? _engine;
    private LiveConfiguration? _live;

    public void Dispose()
    {
        _live?.Dispose();
        _engine?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_file_that_says_something_else_is_read_anew_within_a_second()
    {
        Start(Two);
        Write(Two.Replace("5/min", "7/min", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["7/min"], LimitsOf("a"));
        Assert.Equal(["the configuration was read anew"], _said);
        Assert.True(_live!.IsLastReloadGood);
    }

    [Fact]
    public void An_invalid_edit_keeps_what_holds_and_tells_all_that_is_wrong_with_where_it_stands()
    {
        Start(Two);
        Write(Two.Replace("5/min", "5/parsec", StringComparison.Ordinal).Replace("\"limits\": [\"9/min\"]", "\"limts\": []", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["5/min"], LimitsOf("a"));
        Assert.False(_live!.IsLastReloadGood);
        Assert.Equal(3, _said.Count);
        Assert.Contains(_said, line => line.Contains("headgate.json:1:", StringComparison.Ordinal) && line.Contains("/upstreams/a/limits/0", StringComparison.Ordinal));
        Assert.Contains(_said, line => line.Contains("/upstreams/b/limts: unknown member; did you mean \"limits\"?", StringComparison.Ordinal));
        // Once for each state of the file, not each second.
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(3, _said.Count);

        Write(Two);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_live.IsLastReloadGood);
    }

    [Fact]
    public void What_is_read_only_at_the_start_is_told_and_not_passed_over_in_silence()
    {
        Start("""{ "serve": { "hold": 10 } }""");
        Write("""{ "serve": { "hold": 20, "data": "elsewhere" }, "jobs": { "drain": 5 } }""");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["/jobs/drain: has changed, and holds from the next start on", "/serve/data: has changed, and holds from the next start on", "/serve/hold: has changed, and holds from the next start on"], _said.Skip(1));
        _said.Clear();

        Write("""{ "serve": { "hold": 10, "data": "elsewhere" }, "jobs": { "drain": 5 } }""");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["/serve/hold: is as it was at the start again"], _said.Skip(1));
    }

    [Fact]
    public void A_mounted_file_of_keys_changes_by_a_link_that_leads_elsewhere()
    {
        Directory.CreateDirectory(_folder["v1"]);
        Directory.CreateDirectory(_folder["v2"]);
        File.WriteAllText(_folder["v1/keys"], "one k1\n");
        File.WriteAllText(_folder["v2/keys"], "one k1\ntwo k2\n");
        File.CreateSymbolicLink(_folder["data"], "v1");
        File.CreateSymbolicLink(_folder["keys"], "data/keys");
        Start("""{ "upstreams": { "a": { "base": ["https://a.test"], "keys": { "from": ["file:keys"], "limits": ["5/min"] } } } }""");
        Assert.Equal(["one"], KeysOf("a"));

        File.Delete(_folder["data"]);
        File.CreateSymbolicLink(_folder["data"], "v2");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["one", "two"], KeysOf("a"));

        File.WriteAllText(_folder["v2/keys"], "");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["one", "two"], KeysOf("a"));
        Assert.False(_live!.IsLastReloadGood);
        Assert.Contains(_said, line => line.Contains("no key in", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_put_in_from_a_file_counts_as_the_configuration()
    {
        File.WriteAllText(_folder["limit"], "5/min\n");
        Start("""{ "upstreams": { "a": { "base": ["https://a.test"], "limits": ["${file:limit}"] } } }""");
        File.WriteAllText(_folder["limit"], "6/min\n");
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["6/min"], LimitsOf("a"));
    }

    [Fact]
    public void What_is_set_holds_above_the_file_over_restarts_until_it_is_reset()
    {
        Start(Two);
        Set("a", "3/min");
        Set("total", "100/s");
        Restart();
        Assert.Equal(["3/min"], LimitsOf("a"));
        Assert.Equal(["100/s"], _engine!.Configuration.TotalLimits.Select(limit => limit.ToString()));
        Assert.Contains(ConfigurationListing.Of(_live!.Reading.Root), value => value is { Pointer: "/upstreams/a/limits/0", Json: "\"3/min\"", Origin: { Source: ValueSource.Override, Name: "set by ops, 2026-01-01 00:00:00Z" } });

        _live.ResetLimits(LimitPlace.Find(_engine.Configuration, "a"));
        Assert.Equal(["5/min"], LimitsOf("a"));
        Restart();
        Assert.Equal(["5/min"], LimitsOf("a"));
        Assert.Single(_engine.Configuration.TotalLimits);
        _live.ResetLimits(null);
        Assert.Empty(_engine.Configuration.TotalLimits);
    }

    [Fact]
    public void What_is_set_ends_when_the_file_says_something_else_there_and_only_there()
    {
        Start(Two);
        Set("a", "3/min");
        Set("b", "3/min");
        Write(Two.Replace("9/min", "8/min", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["3/min", "8/min"], [.. LimitsOf("a"), .. LimitsOf("b")]);
        Assert.Contains("the limits of b that ops set have ended: the configuration says something else there now", _said);

        // While the service does not run as well.
        Write(Two.Replace("5/min", "4/min", StringComparison.Ordinal));
        Restart();
        Assert.Equal(["4/min", "9/min"], [.. LimitsOf("a"), .. LimitsOf("b")]);
        Assert.Equal(OperatorSettings.None, new OperatorFile(_folder.Path).Read());
    }

    [Fact]
    public void What_cannot_be_used_is_refused_and_leaves_no_trace()
    {
        Start("""{ "upstreams": { "a": { "base": ["https://a.test"], "limits": ["5 tokens/min"], "cost": { "tokens": { "estimate": 5 } } } } }""");

        Assert.Throws<ConfigurationException>(() => Set("a", "5/parsec"));
        var wrong = Assert.Throws<ConfigurationException>(() => Set("a", "4 tokens/min"));

        Assert.Contains("no request could be sent", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(["5 tokens/min"], LimitsOf("a"));
        Assert.False(File.Exists(_folder[OperatorFile.FileName]));
    }

    [Fact]
    public void Pauses_hold_over_restarts_and_for_keys_that_come_back()
    {
        File.WriteAllText(_folder["keys"], "one k1\ntwo k2\n");
        Start("""{ "upstreams": { "a": { "base": ["https://a.test"], "keys": { "from": ["file:keys"] } }, "b": { "base": ["https://b.test"] } } }""");
        _engine!.UpstreamNamed("a");
        _live!.SetPause("b", null, "ops");
        _live.SetPause("a", "two", "ops");
        File.WriteAllText(_folder["keys"], "one k1\n");
        _time.Advance(TimeSpan.FromSeconds(1));
        File.WriteAllText(_folder["keys"], "one k1\ntwo k2\n");
        _time.Advance(TimeSpan.FromSeconds(1));
        Restart();

        Assert.Equal(("ops", null, null, "ops"), (PausedBy("b", null), PausedBy("a", null), PausedBy("a", "one"), PausedBy("a", "two")));
        _live.SetPause("b", null, null);
        Restart();
        Assert.Null(PausedBy("b", null));
    }

    [Fact]
    public void A_damaged_file_of_what_was_set_is_told_and_never_overwritten()
    {
        File.WriteAllText(_folder[OperatorFile.FileName], "{\"version\":1,");

        var wrong = Assert.Throws<CommandException>(() => Start(Two));

        Assert.Equal(ExitCode.Configuration, wrong.Code);
        Assert.Contains(OperatorFile.FileName, wrong.Message, StringComparison.Ordinal);
        Assert.Equal("{\"version\":1,", File.ReadAllText(_folder[OperatorFile.FileName]));
    }

    private void Start(string configuration)
    {
        Write(configuration);
        Restart();
    }

    private void Restart()
    {
        _live?.Dispose();
        _engine?.Dispose();
        _said.Clear();
        var sources = new ConfigurationSources { Directory = _folder.Path, Environment = new Dictionary<string, string>() };
        var reading = ConfigurationReader.Read(sources);
        _live = new LiveConfiguration(new EngineSettings { Configuration = reading.OrThrow(), Directory = reading.Directory, Sources = sources }, new OperatorFile(_folder.Path), _time, _said.Add);
        _engine = new Engine(_live.Settings.Configuration, new EngineOptions { Time = _time, Keys = api => KeyFile.Read(api.Keys!.From, new Dictionary<string, string>(), _folder.Path) });
        _live.Follow(_engine);
    }

    private void Write(string configuration) => File.WriteAllText(_folder["headgate.json"], configuration);

    private void Set(string place, params string[] limits) => _live!.SetLimits(LimitPlace.Find(_engine!.Configuration, place)!, limits, "ops");

    private string[] LimitsOf(string api) => [.. _engine!.UpstreamNamed(api)!.Scope.Limits.Select(limit => limit.ToString())];

    private string[] KeysOf(string api) => [.. _engine!.UpstreamNamed(api)!.Keys!.Keys.Where(key => !key.IsRetired).Select(key => key.Name)];

    private string? PausedBy(string api, string? key)
    {
        var upstream = _engine!.UpstreamNamed(api)!;
        return (key is null ? upstream.Scope : upstream.Keys!.Keys.Single(known => known.Name == key).Scope).Hold!.PausedBy;
    }
}
