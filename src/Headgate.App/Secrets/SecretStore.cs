using System.Security.Cryptography;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Proxies;

namespace Headgate.App.Secrets;

/// <summary>
/// The keys and proxies of this user on this machine, encrypted at rest, in pools by name: <c>"from": ["store:POOL"]</c>. All but the values is in the clear.
/// Thread-safe, and safe with other processes.
/// </summary>
/// <param name="directory">Where it is.</param>
/// <param name="environment">Reads a variable.</param>
/// <param name="time">The clock.</param>
internal sealed class SecretStore(string directory, Func<string, string?> environment, TimeProvider time)
{
    public const string DirectoryVariable = "HEADGATE_KEYS";

    private const int Largest = 64 << 20;

    private readonly ReplacedFile _file = new(Path.Combine(directory, "keys.json"), Largest, time);

    private string Ring => Path.Combine(directory, "ring");

    /// <summary>The file that changes when anything in it does.</summary>
    public string File => _file.Path;

    /// <summary>The one of this process.</summary>
    public static SecretStore OfProcess() => new(Locate(Environment.GetEnvironmentVariable), Environment.GetEnvironmentVariable, TimeProvider.System);

    /// <summary>A pool of keys of the one of this process.</summary>
    /// <inheritdoc cref="Keys"/>
    public static IReadOnlyList<KeyEntry> KeysOfProcess(string pool) => OfProcess().Keys(pool);

    /// <summary>A pool of proxies of the one of this process.</summary>
    /// <inheritdoc cref="Proxies"/>
    public static IReadOnlyList<ProxyEntry> ProxiesOfProcess(string pool) => OfProcess().Proxies(pool);

    /// <summary>Where it is: <c>HEADGATE_KEYS</c>, else <c>headgate/keys</c> in <c>$XDG_DATA_HOME</c>, else in <c>~/.local/share</c>.</summary>
    /// <exception cref="CommandException">Nothing says where.</exception>
    public static string Locate(Func<string, string?> environment) =>
        environment(DirectoryVariable) is { Length: > 0 } stated ? Path.GetFullPath(stated)
        : environment("XDG_DATA_HOME") is { Length: > 0 } data && Path.IsPathRooted(data) ? Path.Combine(data, "headgate", "keys")
        : environment("HOME") is { Length: > 0 } home ? Path.Combine(home, ".local", "share", "headgate", "keys")
        : environment("LOCALAPPDATA") is { Length: > 0 } local ? Path.Combine(local, "headgate", "keys")
        : throw new CommandException(ExitCode.Configuration, $"there is no place for the store of keys and proxies: HOME is not set; give one with {DirectoryVariable}");

    /// <summary>What of a kind is in it, without the values.</summary>
    /// <exception cref="CommandException">It cannot be read.</exception>
    public IReadOnlyList<StoredSecret> List(SecretKind kind) => Parse(ReadBytes()).Of(kind);

    /// <summary>The keys of a pool.</summary>
    /// <exception cref="ConfigurationException">There is no such pool, or its keys cannot be decrypted.</exception>
    public IReadOnlyList<KeyEntry> Keys(string pool) => Read<KeyEntry>(SecretKind.Key, pool, static keys =>
        [.. keys.Select(key => new KeyEntry(new KeySecret(key.Stored.Name, key.Value), key.Stored.Limits is { } limits ? [.. limits.Select(Limit.Parse)] : null, key.Stored.Weight))]);

    /// <summary>The proxies of a pool.</summary>
    /// <exception cref="ConfigurationException">There is no such pool, or its proxies cannot be decrypted.</exception>
    public IReadOnlyList<ProxyEntry> Proxies(string pool) => Read(SecretKind.Proxy, pool, StoredProxies.Read);

    /// <summary>Puts a key or a proxy into a pool.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="described">All of it but its value; without a name it gets the next free <c>key-N</c>.</param>
    /// <param name="value">Its value.</param>
    /// <param name="replaces">Whether it may take the place of one with that name.</param>
    /// <param name="unprotected">Whether a ring may be made that nothing protects but the rights of its files.</param>
    /// <returns>It as it is kept, and what the ring is protected by.</returns>
    /// <exception cref="CommandException">It cannot be put there.</exception>
    public Task<(StoredSecret Kept, RingProtection Protection)> AddAsync(SecretKind kind, StoredSecret described, string value, bool replaces, bool unprotected)
    {
        // Before anything is made: what is refused leaves no directory and no lock behind.
        KeyRing.Require(ProtectionOf(Parse(ReadBytes()), unprotected), environment);
        return ChangeAsync(content => Add(Parse(content), kind, described, value, replaces, unprotected));
    }

    /// <summary>Takes a key or a proxy out.</summary>
    /// <returns>How many its pool has left.</returns>
    /// <exception cref="CommandException">There is none of that name.</exception>
    public Task<int> RemoveAsync(SecretKind kind, string pool, string name)
    {
        Remove(Parse(ReadBytes()), kind, pool, name);
        return ChangeAsync(content => Remove(Parse(content), kind, pool, name));
    }

    private (StoredSecrets All, (StoredSecret Kept, RingProtection Protection)) Add(StoredSecrets all, SecretKind kind, StoredSecret described, string value, bool replaces, bool unprotected)
    {
        var protection = ProtectionOf(all, unprotected);
        var ring = KeyRing.Open(Ring, protection, all.Check, environment, grows: true);
        var pool = described.Pool;
        var others = all.Of(kind).Where(other => other.Pool == pool).ToList();
        var name = described.Name.Length > 0 ? described.Name : Enumerable.Range(1, others.Count + 1).Select(number => $"{kind.Name}-{number}").First(free => others.TrueForAll(other => other.Name != free));
        if (!replaces && others.Exists(other => other.Name == name))
            throw new CommandException(ExitCode.Configuration, $"{pool} has a {kind.Name} \"{name}\" already; give --replace to put this one in its place");
        var now = time.GetUtcNow();
        var added = described with { Name = name, Value = ring.Protect(kind, pool, name, value), Added = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)) };
        Check(kind, [.. others.Where(other => other.Name != name).Select(other => (other, ring.Unprotect(kind, other))), (added, value)]);
        // In the place of the one before it: the order is that of the pool.
        var secrets = all.Of(kind).Select(other => other.Pool == pool && other.Name == name ? added : other).ToList();
        if (!secrets.Contains(added))
            secrets.Add(added);
        return (all.With(kind, secrets) with { Protection = protection, Check = all.Check ?? ring.MakeCheck() }, (added, protection));
    }

    private (StoredSecrets All, int Left) Remove(StoredSecrets all, SecretKind kind, string pool, string name)
    {
        var of = all.Of(kind).Where(secret => secret.Pool == pool).Select(secret => secret.Name).ToList();
        if (of.Count == 0)
            throw NoPool(kind, pool, all.Of(kind));
        // What was typed may be the secret itself: it is not repeated.
        return of.Contains(name) ? (all.With(kind, [.. all.Of(kind).Where(secret => secret.Pool != pool || secret.Name != name)]), of.Count - 1)
            : throw new CommandException(ExitCode.Configuration, $"{pool} has no such {kind.Name}{(NearestName.Suggest(name, of) is { Length: > 0 } nearest ? nearest : $"; see headgate {kind.Names} ls")}");
    }

    private IReadOnlyList<T> Read<T>(SecretKind kind, string pool, Func<IReadOnlyList<(StoredSecret Stored, string Value)>, IReadOnlyList<T>> make)
    {
        try
        {
            var all = Parse(ReadBytes());
            var secrets = all.Of(kind).Where(secret => secret.Pool == pool).ToList();
            if (secrets.Count == 0)
                throw NoPool(kind, pool, all.Of(kind));
            var ring = KeyRing.Open(Ring, all.Protection, all.Check, environment, grows: false);
            return make([.. secrets.Select(secret => (secret, ring.Unprotect(kind, secret)))]);
        }
        catch (Exception failure) when (failure is CommandException or ConfigurationException or CryptographicException or ArgumentException or FormatException)
        {
            throw new ConfigurationException(new ValueOrigin(ValueSource.File, Scalars.FromStore + Excerpt.Of(pool)), failure is CommandException ? failure.Message : $"{File} is damaged: a {kind.Name} of this pool cannot be decrypted");
        }
    }

    private CommandException NoPool(SecretKind kind, string pool, IReadOnlyList<StoredSecret> all)
    {
        var (nearest, add) = (NearestName.Suggest(pool, all.Select(secret => secret.Pool).Distinct()), $"; add one with: headgate {kind.Names} add {Excerpt.Of(pool)}");
        return new CommandException(ExitCode.Configuration, all.Count == 0
            ? $"the store {directory} has no {kind.Names}{add}"
            : $"the store {directory} has no {kind.Name} in a pool \"{Excerpt.Of(pool)}\"{(nearest.Length > 0 ? nearest : add)}");
    }

    /// <summary>What the ring is protected by, or is to be.</summary>
    private RingProtection ProtectionOf(StoredSecrets all, bool unprotected)
    {
        var isNew = all.Check is null;
        var protection = isNew ? KeyRing.Given(environment) : all.Protection;
        if (protection == RingProtection.None && !unprotected)
            throw new CommandException(ExitCode.Configuration, isNew
                ? $"nothing protects the store of keys and proxies: set {KeyRing.SecretVariable} to a secret (for example: export {KeyRing.SecretVariable}=\"$(openssl rand -base64 24)\", and keep it elsewhere), or {KeyRing.CertificateVariable} to a certificate with its private key; or take --unprotected, and whoever can read its files has what is in it"
                : $"the store {directory} was made with --unprotected, and stays so: give that again, or remove the directory, set {KeyRing.SecretVariable}, and add what was in it anew");
        return protection;
    }

    /// <summary>Whether the last of a pool goes with the others.</summary>
    private static void Check(SecretKind kind, IReadOnlyList<(StoredSecret Stored, string Value)> pool)
    {
        var (added, value) = pool[^1];
        if (pool.SkipLast(1).FirstOrDefault(other => other.Value == value).Stored is { } same)
            throw new CommandException(ExitCode.Configuration, $"{added.Pool} has this value already, as \"{same.Name}\"; one {kind.Name} twice would be used at twice its limits");
        if (kind == SecretKind.Proxy)
            StoredProxies.Read(pool);
    }

    private async Task<T> ChangeAsync<T>(Func<byte[]?, (StoredSecrets All, T Result)> change)
    {
        try
        {
            return await _file.ChangeAsync(content =>
            {
                var (all, result) = change(content);
                return (JsonSerializer.SerializeToUtf8Bytes(all, StoredSecretsJson.Default.StoredSecrets), result);
            });
        }
        catch (ConfigurationException wrong)
        {
            throw new CommandException(ExitCode.Configuration, wrong.Errors[^1].Message);
        }
        catch (CryptographicException)
        {
            throw new CommandException(ExitCode.Configuration, $"{File} is damaged: something in it cannot be decrypted");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Disk, $"{File}: {failure.Message}");
        }
    }

    private byte[]? ReadBytes()
    {
        try
        {
            return _file.Read();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Configuration, $"{File} cannot be read: {failure.Message}");
        }
    }

    private StoredSecrets Parse(byte[]? content)
    {
        try
        {
            return content is null ? StoredSecrets.Empty
                : JsonSerializer.Deserialize(content, StoredSecretsJson.Default.StoredSecrets) is { Version: StoredSecrets.Current } all && !all.Keys.Contains(null) && all.Proxies?.Contains(null) is not true ? all
                : throw new CommandException(ExitCode.Configuration, $"{File} is damaged, or of another version than this program reads");
        }
        catch (JsonException broken)
        {
            throw new CommandException(ExitCode.Configuration, $"{File} is damaged (line {broken.LineNumber + 1}); put a copy of it back, or remove it and add again what was in it");
        }
    }
}
