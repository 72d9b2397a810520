using Headgate.Gates;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Ledgers;

/// <summary>The files of the scopes in which this process sends: those that are open, and those that are opened with the first send. Thread-safe.</summary>
/// <param name="clock">The engine's clock.</param>
/// <param name="state">Where they are.</param>
/// <param name="share">K, if this process has one of K shares of every limit.</param>
internal sealed class OpenScopes(Clock clock, StateDirectory state, int? share) : IDisposable
{
    /// <summary>
    /// What a scope remembers at least, so that a limit named today finds what was sent under a shorter one yesterday. Old sends share records,
    /// so a file grows with the logarithm of its age.
    /// </summary>
    private static readonly TimeSpan LeastKept = TimeSpan.FromDays(32);

    private readonly Dictionary<Scope, ScopeFile> _files = [];

    /// <summary>Those that are opened with the first send, by what they are known across restarts, and whether nothing had been sent in them.</summary>
    private readonly Dictionary<Scope, (string Identity, bool IsNew)> _later = [];

    /// <summary>Held while a file is opened: no scope is opened twice.</summary>
    private readonly Lock _opening = new();
    private readonly Lock _lock = new();
    private bool _isDisposed;

    /// <summary>There is none, not even one that is to be opened.</summary>
    public bool IsEmpty => _files.Count == 0 && _later.Count == 0;

    /// <summary>How many are open.</summary>
    public int Count => _files.Count;

    /// <summary>Opens the file of a scope, and locks it.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="identity">By what it is known across restarts.</param>
    /// <param name="limits">The limits that are to look back on its sends.</param>
    /// <inheritdoc cref="ScopeFile.Open(StateDirectory, string, ScopeTerms, TimeProvider, string)" path="/exception"/>
    /// <exception cref="ObjectDisposedException">Nobody would close it any more.</exception>
    public ScopeFile Open(Scope scope, string identity, IEnumerable<Limit> limits) => Open(scope, identity, limits, isNew: false).File;

    /// <returns>The file, and whether it was opened for this.</returns>
    private (ScopeFile File, bool IsOpened) Open(Scope scope, string identity, IEnumerable<Limit> limits, bool isNew)
    {
        lock (_opening)
        {
            if (FileOf(scope) is { } open)
                return (open, false);
            var terms = new ScopeTerms(share, Clock.Span(scope.Terms.Straggle), KeepOf(scope, limits));
            var file = ScopeFile.Open(state, identity, terms, clock.Provider, MachineBoot.Id());
            if (isNew && file.Past.Sends.Count > 0)
            {
                // Permits were granted without them.
                file.Dispose();
                throw new ScopeHeldException($"another process has sent within \"{identity}\" since this one looked: both together could go over its limits. Let only one of them send there, or give each its own state");
            }
            lock (_lock)
                if (!_isDisposed)
                {
                    _files.Add(scope, file);
                    _later.Remove(scope);
                    return (file, true);
                }
            file.Dispose();
            throw new ObjectDisposedException(nameof(OpenScopes));
        }
    }

    /// <summary>
    /// Leaves a scope to be opened with its first send, so that hosts to which nothing is ever sent, since they are blocked or do not exist, cost no
    /// files. Not one that has limits and may have sends that those have to know of before.
    /// </summary>
    /// <returns>Whether it was left; else it is to be opened now.</returns>
    public bool OpenLater(Scope scope, string identity)
    {
        var isNew = !new ScopeFiles(state.Scopes, identity).Exist;
        if (!isNew && scope.Limits.Any())
            return false;
        lock (_lock)
            _later.Add(scope, (identity, isNew));
        return true;
    }

    /// <summary>Opens those that a permit counts in and that are not yet open; says whether there were any.</summary>
    /// <inheritdoc cref="Open(Scope, string, IEnumerable{Limit})" path="/exception"/>
    public bool OpenThoseOf(Permit permit)
    {
        // Nearly always there are none; whoever put one there did so before the permit was granted.
        if (_later.Count == 0)
            return false;
        var hasOpened = false;
        foreach (var scope in permit.Lane.Gate.Scopes)
            hasOpened |= OpenNow(scope);
        if (permit.Key is { } key)
            hasOpened |= OpenNow(key.Scope);
        if (permit.Proxy is { } way)
            hasOpened |= OpenNow(way.Scope);
        return hasOpened;
    }

    /// <summary>All that is recorded of the sends of a scope up to now, those of this process among them; its file is opened if that was not so.</summary>
    /// <param name="scope">A scope in which nothing is let go meanwhile.</param>
    /// <param name="identity">By what it is known across restarts.</param>
    /// <param name="limits">The limits that are to look back on them.</param>
    /// <inheritdoc cref="Open(Scope, string, IEnumerable{Limit})" path="/exception"/>
    public ScopePast Recall(Scope scope, string identity, IReadOnlyList<Limit> limits)
    {
        var (file, isOpened) = Open(scope, identity, limits, isNew: false);
        if (isOpened)
            return file.Past;
        file.KeepAtLeast(KeepOf(scope, limits));
        return file.Recall(Clock.Span(scope.Terms.Straggle));
    }

    /// <summary>Takes a scope out in which nothing is sent any more.</summary>
    /// <returns>Its file, to be closed; null if it has none.</returns>
    public ScopeFile? Take(Scope scope)
    {
        lock (_lock)
        {
            _later.Remove(scope);
            return _files.Remove(scope, out var file) ? file : null;
        }
    }

    /// <summary>What was sent in a scope before this process.</summary>
    public ScopePast? PastOf(Scope scope) => FileOf(scope)?.Past;

    /// <summary>The open files of the scopes that a permit counts in.</summary>
    /// <param name="permit">The permit.</param>
    /// <param name="files">What they are put into.</param>
    public void Find(Permit permit, List<ScopeFile> files)
    {
        lock (_lock)
        {
            foreach (var scope in permit.Lane.Gate.Scopes)
                Add(scope);
            if (permit.Key is { } key)
                Add(key.Scope);
            if (permit.Proxy is { } way)
                Add(way.Scope);
        }

        void Add(Scope scope)
        {
            if (_files.TryGetValue(scope, out var file))
                files.Add(file);
        }
    }

    /// <summary>Puts everything on disk.</summary>
    /// <exception cref="LedgerException">The disk cannot take it.</exception>
    public void Sync()
    {
        List<ScopeFile> files;
        lock (_lock)
            files = [.. _files.Values];
        foreach (var file in files)
            try
            {
                file.Sync();
            }
            catch (ObjectDisposedException)
            {
                // Forgotten in between: nothing is sent in it any more.
            }
    }

    public void Dispose()
    {
        List<ScopeFile> files;
        lock (_lock)
            (_isDisposed, files) = (true, [.. _files.Values]);
        foreach (var file in files)
            file.Dispose();
    }

    private static TimeSpan KeepOf(Scope scope, IEnumerable<Limit> limits) =>
        limits.Select(ScopeMemory.Of).Append(LeastKept).Max() + Clock.Span(scope.Terms.Straggle) + TimeSpan.FromMinutes(1);

    private ScopeFile? FileOf(Scope scope)
    {
        lock (_lock)
            return _files.GetValueOrDefault(scope);
    }

    private bool OpenNow(Scope scope)
    {
        (string Identity, bool IsNew) later;
        lock (_lock)
            if (!_later.TryGetValue(scope, out later))
                return false;
        Open(scope, later.Identity, scope.Limits, isNew: later.IsNew && scope.Limits.Any());
        return true;
    }
}
