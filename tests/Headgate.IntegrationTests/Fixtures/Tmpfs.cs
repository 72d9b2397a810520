using System.Diagnostics;

namespace Headgate.IntegrationTests.Fixtures;

/// <summary>A small disk that can be filled. Mounting needs root.</summary>
internal sealed class Tmpfs : IAsyncDisposable
{
    private Tmpfs(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>Mounts a disk of a size such as <c>64k</c> or <c>1m</c>; the system rounds it up to pages.</summary>
    /// <exception cref="InvalidOperationException">It cannot be mounted: this user is not root, or the container forbids it.</exception>
    public static async Task<Tmpfs> MountAsync(string size)
    {
        var folder = Directory.CreateTempSubdirectory("headgate-disk-").FullName;
        if (await RunAsync("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", folder) is { } problem)
        {
            Directory.Delete(folder);
            throw new InvalidOperationException($"a small disk is needed, and mounting it failed: {problem}; run the tests as root with the right to mount (in a container: --cap-add SYS_ADMIN)");
        }
        return new Tmpfs(folder);
    }

    public async ValueTask DisposeAsync()
    {
        // Lazily: a program that was killed may still be leaving.
        if (await RunAsync("umount", "--lazy", Folder) is { } problem)
            throw new InvalidOperationException($"umount {Folder}: {problem}");
        Directory.Delete(Folder);
    }

    private static async Task<string?> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? null : error.Trim();
    }
}
