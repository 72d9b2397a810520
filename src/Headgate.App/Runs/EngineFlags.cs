using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.App.Secrets;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Proxies;

namespace Headgate.App.Runs;

/// <summary>The options by which a verb that sends makes its engine: limits, keys, timing, patience. The same for all of them.</summary>
internal sealed class EngineFlags
{
    private readonly Option<string[]> _limits = List("--limit", "LIMIT", "A limit of each API, for example 100/s; several apply together; \"none\" for no limit and no learning.");
    private readonly Option<string[]> _totalLimits = List("--total-limit", "LIMIT", "A limit of everything that is sent.");
    private readonly Option<string[]> _keyLimits = List("--key-limit", "LIMIT", "A limit of each key.");
    private readonly Option<string?> _keys = new("--keys") { HelpName = "FILE", Description = "The API's keys: a file with one a line, env:NAME, or store:POOL." };
    private readonly Option<string?> _keyAs = new("--key-as") { HelpName = "TEMPLATE", Description = "Where the key goes: \"Authorization: Bearer {key}\" (default), \"X-Api-Key: {key}\" or \"?api_key={key}\"." };
    private readonly Option<string?> _proxies = new("--proxies") { HelpName = "FILE", Description = "The proxies to send through: a file with a URL on each line, or JSON; or store:POOL." };
    private readonly Option<string[]> _proxyLimits = List("--proxy-limit", "LIMIT", "A limit of each proxy, or of each exit where proxies name theirs, at each API.");
    private readonly Option<string?> _concurrency = new("--concurrency") { HelpName = "N", Description = "At most so many at once to each API; 100 by default." };
    private readonly Option<string?> _retries = new("--retries") { HelpName = "N", Description = "How often a request is tried again; 3 by default. Pauses asked for by the server are not counted." };
    private readonly Option<string?> _timeout = new("--timeout") { HelpName = "S", Description = "The longest an attempt may take, from its first byte to the end of its answer; 30 s by default." };
    private readonly Option<string?> _timing = new("--timing") { HelpName = "MODE", Description = "What is known of arrival: guaranteed, bounded (default), bounded:300ms or nominal." };
    private readonly Option<string?> _maxBody = new("--max-body") { HelpName = "SIZE", Description = "The largest answer that is kept in a result; 16MiB by default." };
    private readonly Option<string?> _cache = new("--cache") { HelpName = "off|http|shared|ttl=S", Description = "Which answers are kept and given again: as a browser does (http), as one for many (shared), or each for a fixed time (ttl=300)." };
    private readonly Option<string?> _share = new("--share") { HelpName = "1/K", Description = "This process has one of K equal parts of every limit." };
    private readonly Option<string?> _state = new("--state") { HelpName = "DIR", Description = "Where sends are remembered; by default $HEADGATE_STATE, else headgate in $XDG_STATE_HOME." };
    private readonly Option<string?> _config = ConfigOption.Create();

    public IEnumerable<Option> All => [_limits, _totalLimits, _concurrency, _keys, _keyLimits, _keyAs, _proxies, _proxyLimits, _retries, _timeout, _timing, _maxBody, _cache, _share, _state, _config];

    /// <summary>Those of the service, whose state is in its directory.</summary>
    public IEnumerable<Option> OfService => [_limits, _totalLimits, _concurrency, _keys, _keyLimits, _keyAs, _retries, _timeout, _timing, _maxBody, _cache, _config];

    /// <summary>The flags as they were given, checked together with configuration and environment.</summary>
    /// <exception cref="ConfigurationException">Something in them is invalid: all errors together.</exception>
    /// <exception cref="CommandException">A flag by itself is invalid.</exception>
    public EngineSettings Read(ParseResult parse) => Read(parse, ConfigurationSources.OfProcess(parse.GetValue(_config), ReadFlags(parse)));

    /// <summary>The same of the service, which reads the original variables as well.</summary>
    /// <inheritdoc cref="Read(ParseResult)"/>
    /// <param name="parse">The command line.</param>
    /// <param name="more">What other flags of the verb set.</param>
    public EngineSettings ReadOfService(ParseResult parse, IEnumerable<ConfigurationOverride> more)
    {
        var (file, flags) = (parse.GetValue(_config), (List<ConfigurationOverride>)[.. more, .. ReadFlags(parse)]);
        if (ReadKeys(parse) is { } keys)
            flags.AddRange(KeysOf(TheOneApi(ConfigurationReader.Read(ConfigurationSources.OfService(file, flags)).Configuration), keys, parse));
        return Read(parse, ConfigurationSources.OfService(file, flags)) with { Keys = null };
    }

    /// <summary>A service goes on with other APIs when its configuration changes: keys are shown to the one that was meant, by its name.</summary>
    private static string TheOneApi(HeadgateConfiguration configuration) => configuration.Upstreams is [var api] ? api.Name
        : throw new CommandException(ExitCode.Configuration, configuration.Upstreams.Count == 0
            ? "--keys: nothing says which API these keys are for; give it with --up NAME=BASE_URL, or in the configuration"
            : $"--keys: these keys are for one API, and there are {configuration.Upstreams.Count}; name them in the \"keys\" of the one they are for");

    private IEnumerable<ConfigurationOverride> KeysOf(string api, KeysConfiguration keys, ParseResult parse)
    {
        var pointer = ConfigurationNode.Below("/upstreams", api) + "/keys";
        // What the configuration names is relative to it, what is typed to where that is typed.
        yield return new ConfigurationOverride($"{pointer}/from", [.. keys.From.Select(KeyFile.Absolute)], "--keys");
        if (parse.GetValue(_keyAs) is { } template)
            yield return new ConfigurationOverride($"{pointer}/as", [template], "--key-as");
        if (keys.Limits.Count > 0)
            yield return new ConfigurationOverride($"{pointer}/limits", parse.GetValue(_keyLimits)!, "--key-limit");
    }

    private List<ConfigurationOverride> ReadFlags(ParseResult parse)
    {
        var flags = new List<ConfigurationOverride>();
        if (parse.GetValue(_limits) is { Length: > 1 } limits && limits.Contains("none"))
            throw new CommandException(ExitCode.Configuration, "--limit none says that there is no limit; leave it away, or the others");
        ForEveryApi("limits", parse.GetValue(_limits) ?? [], "--limit");
        ForEveryApi("retries", One(_retries), "--retries");
        ForEveryApi("timeout", One(_timeout), "--timeout");
        ForEveryApi("timing", One(_timing), "--timing");
        ForEveryApi("maxBody", One(_maxBody), "--max-body");
        ForEveryApi("cache", One(_cache), "--cache");
        if (parse.GetValue(_totalLimits) is { Length: > 0 } total)
            flags.Add(new ConfigurationOverride("/total/limits", total, "--total-limit"));
        if (One(_concurrency) is { Length: 1 } concurrency)
            flags.Add(new ConfigurationOverride("/defaults/concurrency", concurrency, "--concurrency"));
        ReadProxies(parse, flags);
        return flags;

        void ForEveryApi(string setting, string[] values, string flag)
        {
            if (values.Length == 0)
                return;
            flags.Add(new ConfigurationOverride($"/defaults/{setting}", values, flag));
            flags.Add(new ConfigurationOverride($"/upstreams/*/{setting}", values, flag));
        }

        string[] One(Option<string?> option) => parse.GetValue(option) is { } value ? [value] : [];
    }

    private EngineSettings Read(ParseResult parse, ConfigurationSources sources)
    {
        var reading = ConfigurationReader.Read(sources);
        return new EngineSettings
        {
            Sources = sources,
            Configuration = Shares.Of(OrThrow(reading), ReadShare(parse.GetValue(_share))),
            Directory = reading.Directory,
            Environment = sources.Environment,
            OriginOf = reading.OriginOf,
            Keys = ReadKeys(parse),
            Proxies = parse.GetValue(_proxies),
            Share = ReadShare(parse.GetValue(_share)),
            State = parse.GetValue(_state),
        };
    }

    // A flag is a place by itself: the pointer of the setting that it stands for tells nothing to who wrote the flag.
    private static HeadgateConfiguration OrThrow(ConfigurationReading reading) => reading.Errors.Count == 0
        ? reading.Configuration
        : throw new ConfigurationException([.. reading.Errors.Select(error => error.Origin.Source == ValueSource.Flag ? error with { Pointer = "" } : error).Distinct()]);

    /// <summary>A pool of its own for all that is sent, by a name that no configuration can have.</summary>
    private void ReadProxies(ParseResult parse, List<ConfigurationOverride> flags)
    {
        var limits = parse.GetValue(_proxyLimits) ?? [];
        if (parse.GetValue(_proxies) is not { } source)
        {
            if (limits.Length > 0)
                throw new CommandException(ExitCode.Usage, "--proxy-limit says how much goes through each proxy; say with --proxies FILE which there are");
            return;
        }
        flags.Add(new ConfigurationOverride($"/proxies/{OfFlags}/from", [KeyFile.Absolute(source)], "--proxies"));
        if (limits.Length > 0)
            flags.Add(new ConfigurationOverride($"/proxies/{OfFlags}/limits", limits, "--proxy-limit"));
        flags.Add(new ConfigurationOverride("/defaults/proxies", [OfFlags], "--proxies"));
        flags.Add(new ConfigurationOverride("/upstreams/*/proxies", [OfFlags], "--proxies"));
    }

    /// <summary>What the pool of --proxies is called.</summary>
    private const string OfFlags = "proxies";

    private KeysConfiguration? ReadKeys(ParseResult parse)
    {
        var (keys, template, limits) = (parse.GetValue(_keys), parse.GetValue(_keyAs), parse.GetValue(_keyLimits) ?? []);
        if (keys is null)
            return template is null && limits.Length == 0 ? null : throw new CommandException(ExitCode.Usage, "--key-as and --key-limit say how keys are used; say with --keys FILE where they are");
        var read = new List<Limit>();
        foreach (var text in limits)
            read.Add(Limit.TryParse(text, out var limit, out var error) ? limit! : throw new CommandException(ExitCode.Configuration, $"--key-limit: {error}"));
        if (template is not null && !KeyTemplate.TryParse(template, out _, out var problem))
            throw new CommandException(ExitCode.Configuration, $"--key-as: {problem}");
        return new KeysConfiguration
        {
            From = [keys],
            Template = template is null ? KeyTemplate.Bearer : KeyTemplate.Parse(template),
            Limits = [.. read],
        };
    }

    private static int? ReadShare(string? text)
    {
        if (text is null)
            return null;
        return text.StartsWith("1/", StringComparison.Ordinal) && int.TryParse(text.AsSpan(2), out var parts) && parts is >= 1 and <= 1000
            ? parts
            : throw new CommandException(ExitCode.Usage, $"--share \"{text}\": one part of K is written 1/K, for example --share 1/2");
    }

    private static Option<string[]> List(string name, string help, string description) =>
        new(name) { HelpName = help, Description = description, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
}

/// <summary>What an engine of the command line is made of.</summary>
internal sealed record EngineSettings
{
    public required HeadgateConfiguration Configuration { get; init; }

    /// <summary>What relative paths in the configuration are relative to.</summary>
    public required string Directory { get; init; }

    /// <summary>The variables that the configuration was read with.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = Overrides.ProcessEnvironment();

    /// <summary>Where a value came from, by its JSON pointer.</summary>
    public Func<string, ValueOrigin> OriginOf { get; init; } = static _ => ValueOrigin.Default;

    /// <summary>From what it was read, so that it can be read anew.</summary>
    public ConfigurationSources Sources { get; init; } = ConfigurationSources.Nothing;

    /// <summary>The keys of <c>--keys</c>: of the one API that is sent to.</summary>
    public KeysConfiguration? Keys { get; init; }

    /// <summary>What <c>--proxies</c> names; null for nothing.</summary>
    public string? Proxies { get; init; }

    public int? Share { get; init; }

    public string? State { get; init; }

    /// <summary>The proxies of a pool but for those that an address tells.</summary>
    public IReadOnlyList<ProxyEntry> ProxiesOf(ProxyPoolConfiguration pool) => ProxyFile.Of(pool, ProxiesIn);

    /// <summary>The proxies in one file, or in one pool of the encrypted store.</summary>
    public IReadOnlyList<ProxyEntry> ProxiesIn(string source)
    {
        var entries = ProxyFile.Read(source, SecretStore.ProxiesOfProcess);
        return Share is > 1 ? [.. entries.Select(entry => entry.Limits is { } own ? entry with { Limits = Shares.Of(own, Share.Value) } : entry)] : entries;
    }

    /// <summary>The same, with the keys of <c>--keys</c> given to the API of a URL.</summary>
    public EngineSettings WithKeysFor(Uri url)
    {
        if (Keys is null)
            return this;
        var keys = Share is > 1 ? Keys with { Limits = Shares.Of(Keys.Limits, Share.Value) } : Keys;
        var api = new UpstreamMap(Configuration).Find(url);
        if (api.OAuth is not null)
            throw new CommandException(ExitCode.Configuration, $"--keys: requests to {api.Name} get a token of its \"oauth\", and not a key as well; leave one of them out");
        var withKeys = api with { Keys = keys };
        return this with { Keys = keys, Configuration = Configuration with { Upstreams = [.. Configuration.Upstreams.Where(other => other.Name != api.Name), withKeys] } };
    }

    /// <summary>Reads the keys of an API: relative paths of <c>--keys</c> are relative to where we are, those of the configuration to its file.</summary>
    public IReadOnlyList<KeyEntry> KeysOf(UpstreamConfiguration api)
    {
        var entries = ReferenceEquals(api.Keys, Keys)
            ? KeyFile.Read(api.Keys!.From, Overrides.ProcessEnvironment(), System.Environment.CurrentDirectory, SecretStore.KeysOfProcess)
            : KeyFile.Read(api.Keys!.From, Environment, Directory, SecretStore.KeysOfProcess);
        return Share is > 1 ? [.. entries.Select(entry => entry.Limits is { } own ? entry with { Limits = Shares.Of(own, Share.Value) } : entry)] : entries;
    }
}
