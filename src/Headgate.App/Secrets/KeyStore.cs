using System.Security.Cryptography;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Keys;
using Headgate.Limits;

namespace Headgate.App.Secrets;

/// <summary>
/// The keys of this user on this machine, encrypted at rest, in pools by name: <c>"from": ["store:POOL"]</c>. Names, limits and times are in the clear.
/// Thread-safe, and safe with other processes.
/// </summary>
/// <param name="directory">Where it is.</param>
/// <param name="environment">Reads a variable.</param>
/// <param name="time">The clock.</param>
internal sealed class KeyStore(string directory, Func<string, string?> environment, TimeProvider time)
{
    public const string DirectoryVariable = "HEADGATE_KEYS";

    private const int Largest = 64 << 20;

    private readonly ReplacedFile _file = new(Path.Combine(directory, "keys.json"), Largest, time);

    private string Ring => Path.Combine(directory, "ring");

    /// <summary>The file that changes when a key does.</summary>
    public string File => _file.Path;

    /// <summary>The one of this process.</summary>
    public static KeyStore OfProcess() => new(Locate(Environment.GetEnvironmentVariable), Environment.GetEnvironmentVariable, TimeProvider.System);

    /// <summary>A pool of the one of this process.</summary>
    /// <inheritdoc cref="Read"/>
    public static IReadOnlyList<KeyEntry> ReadOfProcess(string pool) => OfProcess().Read(pool);

    /// <summary>Where it is: <c>HEADGATE_KEYS</c>, else <c>headgate/keys</c> in <c>$XDG_DATA_HOME</c>, else in <c>~/.local/share</c>.</summary>
    /// <exception cref="CommandException">Nothing says where.</exception>
    public static string Locate(Func<string, string?> environment) =>
        environment(DirectoryVariable) is { Length: > 0 } stated ? Path.GetFullPath(stated)
        : environment("XDG_DATA_HOME") is { Length: > 0 } data && Path.IsPathRooted(data) ? Path.Combine(data, "headgate", "keys")
        : environment("HOME") is { Length: > 0 } home ? Path.Combine(home, ".local", "share", "headgate", "keys")
        : environment("LOCALAPPDATA") is { Length: > 0 } local ? Path.Combine(local, "headgate", "keys")
        : throw new CommandException(ExitCode.Configuration, $"there is no place for the store of keys: HOME is not set; give one with {DirectoryVariable}");

    /// <summary>What is in it, without the values.</summary>
    /// <exception cref="CommandException">It cannot be read.</exception>
    public IReadOnlyList<StoredKey> List() => Parse(ReadBytes()).Keys;

    /// <summary>The keys of a pool.</summary>
    /// <exception cref="ConfigurationException">There is no such pool, or its keys cannot be decrypted.</exception>
    public IReadOnlyList<KeyEntry> Read(string pool)
    {
        try
        {
            var all = Parse(ReadBytes());
            var keys = all.Keys.Where(key => key.Pool == pool).ToList();
            if (keys.Count == 0)
                throw new CommandException(ExitCode.Configuration, all.Keys.Count == 0
                    ? $"the store {directory} has no keys; add one with: headgate keys add {Excerpt.Of(pool)}"
                    : $"the store {directory} has no pool \"{Excerpt.Of(pool)}\"{NearestName.Suggest(pool, all.Keys.Select(key => key.Pool).Distinct())}");
            var ring = KeyRing.Open(Ring, all.Protection, all.Check, environment, grows: false);
            return [.. keys.Select(key => new KeyEntry(new KeySecret(key.Name, ring.Unprotect(key)), key.Limits is { } limits ? [.. limits.Select(Limit.Parse)] : null, key.Weight))];
        }
        catch (Exception failure) when (failure is CommandException or CryptographicException or ArgumentException or FormatException)
        {
            throw new ConfigurationException(new ValueOrigin(ValueSource.File, KeyFile.FromStore + Excerpt.Of(pool)), failure is CommandException ? failure.Message : $"{File} is damaged: a key of this pool cannot be decrypted");
        }
    }

    /// <summary>Puts a key into a pool.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="name">What it is called there; null for the next free <c>key-N</c>.</param>
    /// <param name="value">Its value.</param>
    /// <param name="limits">Its own limits; null for those of all keys.</param>
    /// <param name="weight">Its part of the work against the others.</param>
    /// <param name="replaces">Whether it may take the place of one with that name.</param>
    /// <param name="unprotected">Whether a ring may be made that nothing protects but the rights of its files.</param>
    /// <returns>The key as it is kept, and what the ring is protected by.</returns>
    /// <exception cref="CommandException">It cannot be put there.</exception>
    public async Task<(StoredKey Key, RingProtection Protection)> AddAsync(string pool, string? name, string value, IReadOnlyList<string>? limits, int weight, bool replaces, bool unprotected)
    {
        // Before anything is made: what is refused leaves no directory and no lock behind.
        KeyRing.Require(ProtectionOf(Parse(ReadBytes()), unprotected), environment);
        return await ChangeAsync(content => Add(Parse(content), pool, name, value, limits, weight, replaces, unprotected));
    }

    /// <summary>Takes a key out.</summary>
    /// <returns>How many its pool has left.</returns>
    /// <exception cref="CommandException">There is none of that name.</exception>
    public async Task<int> RemoveAsync(string pool, string name)
    {
        Remove(Parse(ReadBytes()), pool, name);
        return await ChangeAsync(content => Remove(Parse(content), pool, name));
    }

    private RingProtection ProtectionOf(StoredKeys all, bool unprotected)
    {
        var isNew = all.Check is null;
        var protection = isNew ? KeyRing.Given(environment) : all.Protection;
        if (protection == RingProtection.None && !unprotected && !isNew)
            throw new CommandException(ExitCode.Configuration, $"the store {directory} was made with --unprotected, and stays so: give that again, or remove the directory, set {KeyRing.SecretVariable}, and add its keys anew");
        if (protection == RingProtection.None && !unprotected)
            throw new CommandException(ExitCode.Configuration, $"nothing protects the store of keys: set {KeyRing.SecretVariable} to a secret (for example: export {KeyRing.SecretVariable}=\"$(openssl rand -base64 24)\", and keep it elsewhere), or {KeyRing.CertificateVariable} to a certificate with its private key; or take --unprotected, and whoever can read its files has the keys");
        return protection;
    }

    private (StoredKeys Keys, (StoredKey Key, RingProtection Protection)) Add(StoredKeys all, string pool, string? name, string value, IReadOnlyList<string>? limits, int weight, bool replaces, bool unprotected)
    {
        var protection = ProtectionOf(all, unprotected);
        var ring = KeyRing.Open(Ring, protection, all.Check, environment, grows: true);
        var others = all.Keys.Where(key => key.Pool == pool).ToList();
        name ??= Enumerable.Range(1, others.Count + 1).Select(number => $"key-{number}").First(free => others.TrueForAll(key => key.Name != free));
        if (!replaces && others.Exists(key => key.Name == name))
            throw new CommandException(ExitCode.Configuration, $"{pool} has a key \"{name}\" already; give --replace to put this one in its place");
        if (others.Find(key => key.Name != name && ring.Unprotect(key) == value) is { } same)
            throw new CommandException(ExitCode.Configuration, $"{pool} has this value already, as \"{same.Name}\"; one key twice would be used at twice its limits");
        var now = time.GetUtcNow();
        var added = new StoredKey(pool, name, ring.Protect(pool, name, value), now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)), limits, weight);
        // In the place of the one before it: the order is that of the pool.
        var keys = all.Keys.Select(key => key.Pool == pool && key.Name == name ? added : key).ToList();
        if (!keys.Contains(added))
            keys.Add(added);
        return (new StoredKeys(StoredKeys.Current, protection, all.Check ?? ring.MakeCheck(), keys), (added, protection));
    }

    private static (StoredKeys Keys, int Left) Remove(StoredKeys all, string pool, string name)
    {
        var of = all.Keys.Where(key => key.Pool == pool).Select(key => key.Name).ToList();
        if (!of.Contains(name))
            throw new CommandException(ExitCode.Configuration, of.Count == 0
                ? $"the store has no pool \"{Excerpt.Of(pool)}\"{NearestName.Suggest(pool, all.Keys.Select(key => key.Pool).Distinct())}"
                : $"{pool} has no key \"{Excerpt.Of(name)}\"{NearestName.Suggest(name, of)}");
        return (all with { Keys = [.. all.Keys.Where(key => key.Pool != pool || key.Name != name)] }, of.Count - 1);
    }

    private async Task<T> ChangeAsync<T>(Func<byte[]?, (StoredKeys Keys, T Result)> change)
    {
        try
        {
            return await _file.ChangeAsync(content =>
            {
                var (keys, result) = change(content);
                return (JsonSerializer.SerializeToUtf8Bytes(keys, StoredKeysJson.Default.StoredKeys), result);
            });
        }
        catch (CryptographicException)
        {
            throw new CommandException(ExitCode.Configuration, $"{File} is damaged: a key in it cannot be decrypted");
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

    private StoredKeys Parse(byte[]? content)
    {
        try
        {
            return content is null ? StoredKeys.Empty
                : JsonSerializer.Deserialize(content, StoredKeysJson.Default.StoredKeys) is { Version: StoredKeys.Current } keys && !keys.Keys.Contains(null) ? keys
                : throw new CommandException(ExitCode.Configuration, $"{File} is damaged, or of another version than this program reads");
        }
        catch (JsonException broken)
        {
            throw new CommandException(ExitCode.Configuration, $"{File} is damaged (line {broken.LineNumber + 1}); put a copy of it back, or remove it and add its keys again");
        }
    }
}
