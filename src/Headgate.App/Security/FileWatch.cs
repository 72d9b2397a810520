using Headgate.Caching;

namespace Headgate.App.Security;

/// <summary>
/// Looks once a second whether files say something else than before. By their content: mounted ones change by links that lead elsewhere, of
/// which no system tells. Thread-safe.
/// </summary>
internal sealed class FileWatch : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly IReadOnlyList<string> _paths;
    private readonly ITimer _timer;

    /// <summary>A hash of each; null of one that cannot be read, or is not there.</summary>
    private ulong?[] _seen;

    /// <summary>What the files say from now on counts as a change: to be made before they are read.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="time">The clock.</param>
    /// <param name="changed">Told of a change, once for all that changed together, and of no other meanwhile. Must not throw.</param>
    public FileWatch(IReadOnlyList<string> paths, TimeProvider time, Action changed)
    {
        (_paths, _seen) = (paths, Look(paths));
        _timer = time.CreateTimer(_ => Compare(changed), null, Every, Every);
    }

    public void Dispose() => _timer.Dispose();

    private void Compare(Action changed)
    {
        // A slow disk, or a slow reader: the next look will do.
        if (!_lock.TryEnter())
            return;
        try
        {
            var seen = Look(_paths);
            if (seen.SequenceEqual(_seen))
                return;
            _seen = seen;
            changed();
        }
        finally
        {
            _lock.Exit();
        }
    }

    private static ulong?[] Look(IReadOnlyList<string> paths) => [.. paths.Select(static ulong? (path) =>
    {
        try
        {
            return ReplacedFile.Read(path, TokenFile.Largest) is { } content ? TextHash.Of(content) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    })];
}
