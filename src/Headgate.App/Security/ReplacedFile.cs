using Headgate.App.CommandLine;
using Headgate.Configuration;
using Headgate.Ledgers;

namespace Headgate.App.Security;

/// <summary>
/// A file of its user alone that is only ever replaced whole, by one after the other: whoever reads sees all of the one or all of the other. Thread-safe,
/// and safe with other processes.
/// </summary>
/// <param name="path">Where it is.</param>
/// <param name="largest">The most it may have, in bytes.</param>
/// <param name="time">The clock.</param>
internal sealed class ReplacedFile(string path, int largest, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public string Path => path;

    /// <summary>Its content; null if it is not there.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public byte[]? Read() => Read(path, largest);

    /// <summary>The content of a file; null if there is none.</summary>
    /// <inheritdoc cref="Read()"/>
    public static byte[]? Read(string path, int largest)
    {
        try
        {
            return BoundedFile.ReadAllBytes(path, largest);
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Replaces it, and makes its directory if that is not there.</summary>
    /// <param name="change">What becomes of what it says.</param>
    /// <returns>What came of it beside.</returns>
    /// <exception cref="CommandException">Another process holds it.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async Task<T> ChangeAsync<T>(Func<byte[]?, (byte[] Content, T Result)> change)
    {
        DataDirectory.Make(System.IO.Path.GetDirectoryName(path)!);
        using var held = await LockAsync();
        var (content, result) = change(Read());
        Replace(content);
        return result;
    }

    private async Task<IDisposable> LockAsync()
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            if (LockedFile.TryLock($"{path}.lock", isShared: false) is { } held)
                return held;
            if (time.GetElapsedTime(begun) > Patience)
                throw new CommandException(ExitCode.Disk, $"{path}.lock: another process holds it");
            await Task.Delay(Pause, time);
        }
    }

    /// <summary>Written aside, on disk, and then given its name.</summary>
    private void Replace(byte[] content)
    {
        var aside = $"{path}.new";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        // Left behind by a death, perhaps; nobody else is here.
        File.Delete(aside);
        using (var file = new FileStream(aside, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        File.Move(aside, path, overwrite: true);
    }
}
