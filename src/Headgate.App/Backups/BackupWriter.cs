using System.Formats.Tar;
using System.IO.Compression;
using Headgate.Ledgers;

namespace Headgate.App.Backups;

/// <summary>Writes a backup: an archive that <c>tar</c> reads, too. Readable by its user alone, since requests may hold secrets.</summary>
internal sealed class BackupWriter : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly List<BackupEntry> _entries = [];
    private readonly FileStream _file;
    private readonly Stream _packed;
    private readonly TarWriter _archive;
    private readonly DateTimeOffset _takenAt;

    /// <param name="path">The file; it must not be there.</param>
    /// <param name="isPacked">Whether it is packed by gzip.</param>
    /// <param name="takenAt">The time.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public BackupWriter(string path, bool isPacked, DateTimeOffset takenAt)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 1 << 16 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        _file = new FileStream(path, options);
        _packed = isPacked ? new GZipStream(_file, CompressionLevel.Fastest, leaveOpen: true) : _file;
        _archive = new TarWriter(_packed, TarEntryFormat.Pax, leaveOpen: true);
        _takenAt = takenAt;
    }

    public IReadOnlyList<BackupEntry> Entries => _entries;

    /// <summary>Adds a file as long as it is now: one that is being written grows meanwhile.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What it is called in the backup.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void Add(string path, string name)
    {
        using var file = LockedFile.OpenToRead(path);
        using var source = new BackupSource(file);
        _archive.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { Mode = OwnerOnly, ModificationTime = _takenAt, DataStream = source });
        _entries.Add(new BackupEntry(name, source.Length, source.Sha256()));
    }

    /// <summary>Ends it, on disk.</summary>
    /// <param name="wasRunning">The service went on meanwhile.</param>
    public void Finish(bool wasRunning)
    {
        var manifest = new BackupManifest { Headgate = "backup", Version = BackupManifest.CurrentVersion, TakenAt = _takenAt, WasRunning = wasRunning, Files = _entries };
        using (var bytes = new MemoryStream(manifest.ToBytes()))
            _archive.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, BackupManifest.Name) { Mode = OwnerOnly, ModificationTime = _takenAt, DataStream = bytes });
        _archive.Dispose();
        if (_packed != _file)
            _packed.Dispose();
        _file.Flush(flushToDisk: true);
    }

    public void Dispose() => _file.Dispose();
}
