using Headgate.App.CommandLine;
using Headgate.App.Runs;
using Headgate.Configuration;
using Headgate.Ledgers;

namespace Headgate.App.Operation;

/// <summary>
/// The configuration of a service while it runs: read anew when one of its files says something else, or somebody asks for it, with what was set
/// over HTTP above it. What cannot be used is told with all that is wrong, and what held before holds on. Thread-safe.
/// </summary>
internal sealed class LiveConfiguration : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly Lock _changing = new();
    private readonly OperatorFile _file;
    private readonly TimeProvider _time;
    private readonly Action<string> _say;

    /// <summary>What needs a restart, as it was when this process began.</summary>
    private readonly RestartSettings _restart;
    private volatile EngineSettings _settings;
    private volatile ConfigurationReading _reading;
    private volatile OperatorSettings _set;
    private ConfigurationFiles _files;
    private Engine? _engine;
    private Security.Access? _access;
    private ITimer? _timer;

    /// <param name="started">As the command line read it.</param>
    /// <param name="file">What was set while the service ran before.</param>
    /// <param name="time">The clock.</param>
    /// <param name="say">Told what people should know.</param>
    /// <exception cref="CommandException">What was set cannot be read.</exception>
    public LiveConfiguration(EngineSettings started, OperatorFile file, TimeProvider time, Action<string> say)
    {
        (_file, _time, _say, _settings, _set) = (file, time, say, started, file.Read());
        _files = ConfigurationFiles.Look(started.Sources, started.Configuration);
        _reading = ConfigurationReader.Read(started.Sources);
        _restart = new RestartSettings(_reading.Root);
        var still = StillSet(started.Configuration, _set);
        if (still.Limits.Count > 0)
        {
            var above = Above(started.Configuration, still);
            // What does not go with the configuration any more must not keep the service from starting.
            if (above.Errors.Count == 0)
                (_settings, _reading) = (started with { Configuration = above.Configuration }, above);
            else
            {
                foreach (var error in above.Errors)
                    say($"{error}: what was set over HTTP does not go with the configuration, and ends");
                still = still with { Limits = [] };
            }
        }
        Keep(still);
    }

    /// <summary>What holds now.</summary>
    public EngineSettings Settings => _settings;

    /// <summary>What was set while the service ran.</summary>
    public OperatorSettings Set => _set;

    /// <summary>Whether the last attempt to read it anew went well; true where there was none.</summary>
    public bool IsLastReloadGood { get; private set; } = true;

    /// <summary>When it was last read anew and went well; when the process began, where it never was.</summary>
    public DateTimeOffset LastReload { get; private set; }

    /// <summary>How that was read: where each value comes from.</summary>
    public ConfigurationReading Reading => _reading;

    /// <summary>From here on an engine follows it, and who may call.</summary>
    public void Follow(Engine engine, Security.Access? access = null)
    {
        lock (_changing)
        {
            (_engine, _access, LastReload) = (engine, access, _time.GetUtcNow());
            ApplyPausesNeedsLock();
            engine.Proxies.Begin();
            _timer = _time.CreateTimer(_ => Look(), null, Every, Every);
        }
    }

    /// <summary>Reads it anew, whether it has changed or not.</summary>
    public void Reload()
    {
        lock (_changing)
            ReloadNeedsLock(ConfigurationFiles.Look(_settings.Sources, _settings.Configuration));
    }

    /// <summary>Sets limits above the configuration.</summary>
    /// <exception cref="ConfigurationException">They cannot be used: nothing has changed.</exception>
    /// <exception cref="IOException">They cannot be kept: nothing has changed.</exception>
    /// <exception cref="UnauthorizedAccessException">They cannot be kept: nothing has changed.</exception>
    /// <exception cref="LedgerException">What was sent before cannot be read: nothing has changed.</exception>
    public void SetLimits(LimitPlace place, IReadOnlyList<string> limits, string by)
    {
        lock (_changing)
        {
            var plain = Plain();
            UseNeedsLock(plain, _set.With(new LimitOverride(place.Name, [.. limits], by, _time.GetUtcNow(), [.. place.TextsIn(plain.Configuration)])), new HashSet<string>());
        }
    }

    /// <summary>What was set above the configuration ends; of no effect where nothing was.</summary>
    /// <param name="place">Where; null for everywhere.</param>
    /// <inheritdoc cref="SetLimits"/>
    public void ResetLimits(LimitPlace? place)
    {
        lock (_changing)
            UseNeedsLock(Plain(), place is null ? _set with { Limits = [] } : _set.Without(place), new HashSet<string>());
    }

    /// <summary>Pauses an API or a key of it, or a proxy, or ends that.</summary>
    /// <param name="api">The API; of a proxy <see cref="OfPool"/> and its pool.</param>
    /// <param name="key">The key or the proxy, by its name; null for the API.</param>
    /// <param name="by">Who asks for it; null to end it.</param>
    /// <inheritdoc cref="SetLimits"/>
    public void SetPause(string api, string? key, string? by)
    {
        lock (_changing)
        {
            Keep(by is null ? _set.Without(api, key) : _set.With(new Pause(api, key, by, _time.GetUtcNow())));
            ApplyPausesNeedsLock();
        }
    }

    /// <summary>What a pause of a proxy is of: no API has such a name.</summary>
    public const string OfPool = "proxies:";

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        // A slow disk, or somebody who changes something: the next look will do.
        if (!_changing.TryEnter())
            return;
        try
        {
            var files = ConfigurationFiles.Look(_settings.Sources, _settings.Configuration);
            if (!files.IsSame(_files))
                ReloadNeedsLock(files);
        }
        finally
        {
            _changing.Exit();
        }
    }

    private void ReloadNeedsLock(ConfigurationFiles files)
    {
        var renewed = files.Renewed(_files);
        _files = files;
        try
        {
            var plain = Plain();
            UseNeedsLock(plain, StillSet(plain.Configuration, _set), renewed);
            // Files of APIs that are new are looked at from here on.
            _files = ConfigurationFiles.Look(_settings.Sources, _settings.Configuration);
            (IsLastReloadGood, LastReload) = (true, _time.GetUtcNow());
            _say("the configuration was read anew");
            foreach (var (pointer, isLive) in _restart.Changed(plain.Root))
                _say($"{pointer}: {(isLive ? "is as it was at the start again" : "has changed, and holds from the next start on")}");
        }
        catch (Exception failure) when (failure is ConfigurationException or LedgerException or ScopeHeldException or IOException or UnauthorizedAccessException)
        {
            IsLastReloadGood = false;
            foreach (var error in failure is ConfigurationException wrong ? wrong.Errors.Select(error => error.ToString()) : [failure.Message])
                _say(error);
            _say("the configuration cannot be used as it is now: what held before holds on");
        }
    }

    /// <summary>The configuration by itself.</summary>
    private ConfigurationReading Plain()
    {
        var plain = ConfigurationReader.Read(_settings.Sources);
        plain.OrThrow();
        return plain;
    }

    private void UseNeedsLock(ConfigurationReading plain, OperatorSettings set, IReadOnlySet<string> renewed)
    {
        var (before, reading) = (_set, set.Limits.Count == 0 ? plain : Above(plain.Configuration, set));
        var configuration = reading.OrThrow();
        var let = _access?.Prepare(configuration.Serve.Access);
        Keep(set);
        try
        {
            _engine!.Change(configuration, renewed);
        }
        catch
        {
            Keep(before);
            throw;
        }
        (_settings, _reading) = (_settings with { Configuration = configuration, Directory = plain.Directory }, reading);
        let?.Invoke();
        ApplyPausesNeedsLock();
    }

    private ConfigurationReading Above(HeadgateConfiguration plain, OperatorSettings set) =>
        ConfigurationReader.Read(_settings.Sources with { Flags = [.. _settings.Sources.Flags, .. set.Above(plain)] });

    /// <summary>Without what ends by itself: the configuration says something else there, or nothing is there any more.</summary>
    private OperatorSettings StillSet(HeadgateConfiguration plain, OperatorSettings set)
    {
        var ended = set.Limits.Where(limits => LimitPlace.Find(plain, limits.Place) is not { } place || !place.TextsIn(plain).SequenceEqual(limits.Was)).ToList();
        foreach (var limits in ended)
            _say($"the limits of {limits.Place} that {limits.By} set have ended: the configuration says something else there now");
        return set with { Limits = [.. set.Limits.Except(ended)] };
    }

    private void Keep(OperatorSettings set)
    {
        if (set == _set)
            return;
        _file.Write(set);
        _set = set;
    }

    /// <summary>Whatever is open is paused, or not, as was asked for.</summary>
    private void ApplyPausesNeedsLock()
    {
        _engine!.Proxies.Pause([.. _set.Pauses.Where(pause => pause.Api.StartsWith(OfPool, StringComparison.Ordinal)).Select(pause => (pause.Api[OfPool.Length..], pause.Key!, pause.By))]);
        foreach (var pause in _set.Pauses)
            Open(pause.Api);
        foreach (var api in _engine!.Upstreams)
        {
            _engine.Pause(api, _set.PauseOf(api.Name, null)?.By);
            foreach (var key in api.Keys?.Keys ?? [])
                _engine.Pause(api, key, _set.PauseOf(api.Name, key.Name)?.By);
        }
    }

    private void Open(string api)
    {
        try
        {
            if (_engine!.UpstreamNamed(api) is null && Uri.TryCreate(api, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
                _engine.UpstreamOf(address);
        }
        catch (Exception failure) when (failure is ConfigurationException or LedgerException or ScopeHeldException or ArgumentException)
        {
            _say($"{api} is paused, and cannot be used anyway: {failure.Message}");
        }
    }
}
