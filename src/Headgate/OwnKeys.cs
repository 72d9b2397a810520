using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Headgate.Gates;
using Headgate.Keys;
using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// The credentials that callers bring themselves to one API. Each counts as a key of its own, with the limits that the keys of the API have, and
/// holds nobody but itself. Those of which nothing counts any more are forgotten. Thread-safe.
/// </summary>
/// <param name="api">The API.</param>
/// <param name="engine">Its engine.</param>
internal sealed class OwnKeys(Upstream api, Engine engine)
{
    /// <summary>No more at once: what callers call their credentials is their own choice, and each may keep a file open.</summary>
    public const int Most = 1000;

    /// <summary>One that came a moment ago is on its way to the gate.</summary>
    private const long Rest = 60 * Clock.Second;

    private readonly ConcurrentDictionary<string, Lazy<OwnKey>> _keys = new();
    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(32);

    /// <summary>How many are known.</summary>
    public int Count => _keys.Count;

    /// <summary>The key that some credentials are.</summary>
    /// <param name="credentials">As they are sent.</param>
    /// <exception cref="HeadgateException">There are too many of them at once.</exception>
    public OwnKey Of(string credentials)
    {
        var name = $"own-{engine.Journal.Fingerprint(credentials) ?? Hash(credentials)}";
        if (!_keys.TryGetValue(name, out var key))
        {
            ForgetIdle();
            if (_keys.Count >= Most)
                throw new HeadgateException(FailureClass.RateLimit, $"{Most} callers with credentials of their own use {api.Name} at once, and there is no room for more") { Upstream = api.Name, RetryAfter = TimeSpan.FromSeconds(60) };
            key = _keys.GetOrAdd(name, name => new Lazy<OwnKey>(() => Open(name)));
        }
        try
        {
            key.Value.LastUsed = engine.Clock.Now;
            return key.Value;
        }
        catch
        {
            // A lazy value remembers its exception: the next request is to try anew.
            _keys.TryRemove(KeyValuePair.Create(name, key));
            throw;
        }
    }

    /// <summary>Those that are known.</summary>
    public IEnumerable<OwnKey> All => _keys.Values.Where(key => key.IsValueCreated).Select(key => key.Value);

    /// <summary>The keys of the API may have other limits now: so have these.</summary>
    /// <exception cref="LedgerException">What was sent with them cannot be read: they stay as they are.</exception>
    public void Renew()
    {
        var (limits, terms) = (api.Configuration.Keys?.Limits ?? [], api.Terms);
        var changes = All.Where(key => key.Declared != limits || key.Scope.Terms != terms).ToList();
        changes.ForEach(key => key.Declared = limits);
        new LimitChanges(engine, [.. changes.Select(key => new ScopeChange(api, key.Scope, $"{api.Name}/key:{key.Name}", $"{api.Identity} key {key.Name}", limits, terms))]).Run();
    }

    private OwnKey Open(string name)
    {
        var limits = api.Configuration.Keys?.Limits ?? [];
        var scope = new Scope($"key {name} of {api.Name}", limits, api.Terms, engine.Dispatcher.Ours, api.Scope.Server);
        engine.Remember(api, name, scope);
        return new OwnKey(name, scope) { LastUsed = engine.Clock.Now, Declared = limits };
    }

    private void ForgetIdle()
    {
        var now = engine.Clock.Now;
        foreach (var (name, key) in _keys)
            if (key.IsValueCreated && key.Value.LastUsed < now - Rest && api.Gates.TryForget(key.Value) && _keys.TryRemove(KeyValuePair.Create(name, key)))
                engine.Forget(api, key.Value.Scope);
    }

    private string Hash(string credentials) => Convert.ToHexStringLower(HMACSHA256.HashData(_salt, Encoding.UTF8.GetBytes(credentials)).AsSpan(0, 8));
}
