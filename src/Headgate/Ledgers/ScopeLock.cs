using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Headgate.Ledgers;

/// <summary>
/// The right to send within a scope. One process has the whole, or K processes have a share each: the whole locks the scope's lock alone,
/// shares lock it together and each its own slot alone. Shares of another K are refused. Ends with the process.
/// </summary>
internal sealed class ScopeLock : IDisposable
{
    private readonly SafeFileHandle _scope;
    private readonly SafeFileHandle? _slot;

    private ScopeLock(string file, SafeFileHandle scope, SafeFileHandle? slot = null) => (File, _scope, _slot) = (file, scope, slot);

    /// <summary>The file in which this process records its sends.</summary>
    public string File { get; }

    /// <exception cref="ScopeHeldException">Another process has it.</exception>
    /// <exception cref="LedgerException">The file system does not lock.</exception>
    public static ScopeLock Take(ScopeFiles files, int? shareOf)
    {
        var scope = LockedFile.TryLock(files.WholeLock, isShared: shareOf is not null);
        if (scope is null)
            throw shareOf is null && HeldShare(files) is { } share ? Held(files, share, "has a share of") : Held(files, files.Whole, "sends within");
        try
        {
            ThrowIfNotLocking(files);
            return shareOf is { } parts ? TakeShare(files, scope, parts) : new ScopeLock(files.Whole, scope);
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _slot?.Dispose();
        _scope.Dispose();
    }

    private static ScopeLock TakeShare(ScopeFiles files, SafeFileHandle scope, int parts)
    {
        StateDirectory.Make(files.SharesFolder);
        for (var slot = 1; slot <= parts; slot++)
        {
            var file = files.Share(slot, parts);
            if (LockedFile.TryLock(ScopeFiles.LockOf(file), isShared: false) is not { } locked)
                continue;
            // Only after having locked one: of two that start at once with different K at least one sees the other.
            if (HeldShare(files, otherThan: parts) is not { } other)
                return new ScopeLock(file, scope, locked);
            locked.Dispose();
            throw Held(files, other, $"has a share of another size (not 1/{parts}) of");
        }
        throw Held(files, files.Share(1, parts), parts == 1 ? "sends within" : $"and others have all {parts} shares of");
    }

    private static string? HeldShare(ScopeFiles files, int? otherThan = null)
    {
        foreach (var (file, of) in files.Shares(".lock"))
        {
            if (of == otherThan)
                continue;
            using var probe = LockedFile.TryLock(file, isShared: true);
            if (probe is null)
                return ScopeFiles.FileOf(file);
        }
        return null;
    }

    // Some network file systems say yes to every lock; then two processes would go over the limit unseen.
    private static void ThrowIfNotLocking(ScopeFiles files)
    {
        using var second = LockedFile.TryLock(files.WholeLock, isShared: false);
        if (second is not null)
            throw new LedgerException($"{files.WholeLock}: this file system does not lock files, so two processes could go over a limit together; give a local folder with --state DIR or HEADGATE_STATE") { Path = files.WholeLock };
    }

    private static ScopeHeldException Held(ScopeFiles files, string file, string does)
    {
        var pid = ScopeLog.LastPid(file);
        var name = pid is { } known ? NameOf(known) : null;
        var who = (pid, name) switch
        {
            (null, _) => "another process",
            (_, null) => $"process {pid}",
            _ => $"process {pid} ({name})",
        };
        var advice = pid == Environment.ProcessId ? "This very process does: let all its clients share one handler, or give each its own state" : "Wait for it to end, or give each its part with --share 1/K";
        return new ScopeHeldException($"{who} {does} \"{files.Scope}\" ({file}): both together could go over its limits. {advice}")
        {
            Scope = files.Scope,
            Path = file,
            HeldBy = pid,
            ProcessName = name,
        };
    }

    private static string? NameOf(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return process.ProcessName;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }
}
