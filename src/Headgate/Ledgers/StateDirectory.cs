using System.Security.Cryptography;
using System.Text;

namespace Headgate.Ledgers;

/// <summary>
/// Where a machine remembers its sends between processes: <c>--state DIR</c>, else <c>HEADGATE_STATE</c>, else <c>$XDG_STATE_HOME/headgate</c>,
/// else <c>~/.local/state/headgate</c>. Readable by its user alone. Thread-safe.
/// </summary>
internal sealed class StateDirectory
{
    private const int SaltLength = 32;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Null until there is a secret to be known: most never have one.</summary>
    private byte[]? _salt;

    private StateDirectory(string path) => Path = path;

    public string Path { get; }

    /// <summary>The folder of the files of scopes.</summary>
    public string Scopes => System.IO.Path.Combine(Path, "scopes");

    /// <summary>Where the state is kept.</summary>
    /// <param name="given">What the user said, or null.</param>
    /// <param name="environment">Reads an environment variable; <see cref="Environment.GetEnvironmentVariable(string)"/>.</param>
    /// <exception cref="LedgerException">Nothing says where.</exception>
    public static string Locate(string? given, Func<string, string?> environment)
    {
        if ((given ?? environment("HEADGATE_STATE")) is { Length: > 0 } stated)
            return System.IO.Path.GetFullPath(stated);
        // The XDG specification: a path that is not absolute is ignored.
        if (environment("XDG_STATE_HOME") is { Length: > 0 } state && System.IO.Path.IsPathRooted(state))
            return System.IO.Path.Combine(state, "headgate");
        if (environment("HOME") is { Length: > 0 } home)
            return System.IO.Path.Combine(home, ".local", "state", "headgate");
        if (environment("LOCALAPPDATA") is { Length: > 0 } local)
            return System.IO.Path.Combine(local, "headgate", "state");
        throw new LedgerException("there is no folder to remember sends in: HOME is not set; give one with --state DIR or HEADGATE_STATE");
    }

    /// <summary>Opens the folder, and makes it if it is not there.</summary>
    /// <exception cref="LedgerException">It cannot be made or read.</exception>
    public static StateDirectory Open(string path)
    {
        try
        {
            Make(path);
            var state = new StateDirectory(path);
            Make(state.Scopes);
            // A broken one is told before anything is sent.
            if (File.Exists(state.SaltFile))
                state._salt = ReadSalt(state.SaltFile);
            return state;
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException and not LedgerException)
        {
            throw Unusable(path, error);
        }
    }

    private string SaltFile => System.IO.Path.Combine(Path, "salt");

    /// <summary>What a secret is known by: 16 hex digits of HMAC-SHA256 with the folder's own salt, so that the same value is the same key, and tells nothing elsewhere.</summary>
    /// <exception cref="LedgerException">There is no salt yet, and it cannot be made.</exception>
    public string Fingerprint(string secret)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_salt ??= MakeSalt(), Encoding.UTF8.GetBytes(secret), hash);
        return Convert.ToHexStringLower(hash[..8]);
    }

    /// <summary>Makes a directory for its owner alone; one that is there stays as it is.</summary>
    public static void Make(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnerOnly);
    }

    private static LedgerException Unusable(string path, Exception error) =>
        new($"{path}: the folder that remembers sends cannot be used: {error.Message} Give another with --state DIR or HEADGATE_STATE", error) { Path = path };

    private byte[] MakeSalt()
    {
        try
        {
            // Another process may be about to make one, or another thread: all read the one that got the name.
            if (!File.Exists(SaltFile))
                WriteSalt(SaltFile);
            return ReadSalt(SaltFile);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException and not LedgerException)
        {
            throw Unusable(Path, error);
        }
    }

    private static byte[] ReadSalt(string path)
    {
        var salt = File.ReadAllBytes(path);
        return salt.Length == SaltLength
            ? salt
            : throw new LedgerException($"{path}: holds {salt.Length} bytes, not {SaltLength}; the keys of earlier runs cannot be recognised. Restore it, or delete it and wait until every limit's period has passed") { Path = path };
    }

    // Written aside and then given its name: another process sees all of it or none. Whoever names it first wins.
    private static void WriteSalt(string path)
    {
        var aside = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(aside, options))
        {
            file.Write(RandomNumberGenerator.GetBytes(SaltLength));
            file.Flush(flushToDisk: true);
        }
        LockedFile.TryName(aside, path);
    }
}
