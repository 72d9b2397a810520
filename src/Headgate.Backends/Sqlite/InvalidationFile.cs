using System.Globalization;
using System.Text;
using Headgate.Caching;
using Headgate.Ledgers;
using Microsoft.Win32.SafeHandles;

namespace Headgate.Backends.Sqlite;

/// <summary>
/// What was invalidated, and when, a line each: written at once, since an answer that was invalidated must not come back after a death, and the database
/// writes later. After a loss of power the last of it may be missing, so all that was kept is validated first then. Thread-safe.
/// </summary>
internal sealed class InvalidationFile : IDisposable
{
    /// <summary>As many as memory has room for; of those before only the time of the last stays.</summary>
    private const int Most = 16_384;

    /// <summary>Above that it is written anew, in bytes.</summary>
    private const long Longest = 8 << 20;

    private const string Head = "headgate invalidations 1 ";
    private const string End = "end";

    /// <summary>A line that stands for nothing: something may be missing.</summary>
    private const string Replaced = "replaced";

    private readonly Lock _lock = new();
    private readonly string _path;
    private SafeFileHandle _file;
    private long _length;

    private InvalidationFile(string path, Dictionary<string, long> known)
    {
        _path = path;
        Known = [.. Newest(known)];
        _file = Begin(Known);
    }

    /// <summary>What was invalidated before.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Known { get; }

    /// <summary>Opens it, and makes it if there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isNew">Nothing is kept yet that could have been invalidated.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public static InvalidationFile Open(string path, bool isNew, long now)
    {
        var known = new Dictionary<string, long>();
        if (!isNew && !Read(path, known))
            Add(known, Invalidations.Everything, now);
        return new InvalidationFile(path, known);
    }

    /// <summary>Writes one down.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Add(string name, long at)
    {
        var line = Encoding.UTF8.GetBytes(LineOf(name, at));
        lock (_lock)
        {
            if (_length + line.Length > Longest)
                Compact();
            RandomAccess.Write(_file, line, _length);
            _length += line.Length;
        }
    }

    /// <summary>Closes it, after all that was kept is on disk: only then nothing can be missing.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            try
            {
                RandomAccess.Write(_file, Encoding.UTF8.GetBytes($"{End}\n"), _length);
                RandomAccess.FlushToDisk(_file);
            }
            catch (IOException)
            {
                // The next start takes it for a death.
            }
            _file.Dispose();
        }
    }

    /// <summary>Reads it; says no if something may be missing.</summary>
    private static bool Read(string path, Dictionary<string, long> known)
    {
        if (!File.Exists(path))
            return false;
        var lines = File.ReadAllText(path).Split('\n');
        if (!lines[0].StartsWith(Head, StringComparison.Ordinal))
            return false;
        // The last line has no end: it is empty, or nobody was told that it was there.
        var (isWhole, isEnded) = (true, lines.Length > 2 && lines[^2] == End);
        foreach (var line in lines[1..Math.Max(1, lines.Length - (isEnded ? 2 : 1))])
            if (line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space && long.TryParse(line.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var at))
                Add(known, line[(space + 1)..], at);
            else
                isWhole = false;
        return isWhole && (isEnded || lines[0][Head.Length..] == MachineBoot.Id());
    }

    private static void Add(Dictionary<string, long> known, string name, long at) => known[name] = Math.Max(at, known.GetValueOrDefault(name));

    private static IEnumerable<KeyValuePair<string, long>> Newest(Dictionary<string, long> known)
    {
        var newest = known.OrderByDescending(entry => entry.Value).ToList();
        if (newest.Count <= Most)
            return newest;
        return newest.Take(Most).Append(new(Invalidations.Everything, newest[Most].Value));
    }

    private static string LineOf(string name, long at) => string.Create(CultureInfo.InvariantCulture, $"{at} {name}\n");

    private void Compact()
    {
        var known = new Dictionary<string, long>();
        if (!Read(_path, known))
            throw new IOException($"{_path}: is damaged");
        var file = Begin([.. Newest(known)]);
        _file.Dispose();
        _file = file;
    }

    /// <summary>A loss of power may bring the file back that another takes the place of: then it must not look like one that has come to its end.</summary>
    private void MarkReplaced()
    {
        if (!File.Exists(_path))
            return;
        using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes($"{Replaced}\n"), RandomAccess.GetLength(file));
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Begins the file anew, with what is known; as one step, so that a death leaves the one or the other.</summary>
    private SafeFileHandle Begin(IReadOnlyList<KeyValuePair<string, long>> known)
    {
        var text = new StringBuilder($"{Head}{MachineBoot.Id()}\n");
        foreach (var (name, at) in known)
            text.Append(LineOf(name, at));
        var (bytes, next) = (Encoding.UTF8.GetBytes(text.ToString()), $"{_path}.new");
        OwnFile.Make(next);
        var file = File.OpenHandle(next, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            RandomAccess.Write(file, bytes, 0);
            RandomAccess.FlushToDisk(file);
            MarkReplaced();
            File.Move(next, _path, overwrite: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        _length = bytes.Length;
        return file;
    }
}
