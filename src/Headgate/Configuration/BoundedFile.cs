using System.Globalization;

namespace Headgate.Configuration;

/// <summary>Reads files whose size somebody else decides: a device without an end, or a wrong path, must not fill the memory.</summary>
internal static class BoundedFile
{
    /// <summary>The whole file.</summary>
    /// <param name="path">The file; a pipe is read to its end.</param>
    /// <param name="most">The most bytes it may have.</param>
    /// <exception cref="IOException">It cannot be read, or is longer.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] ReadAllBytes(string path, int most)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            if (bytes.Length + read > most)
                throw new IOException(string.Create(CultureInfo.InvariantCulture, $"it is longer than {most / 1024} KiB"));
            bytes.Write(buffer, 0, read);
        }
        return bytes.ToArray();
    }

    /// <summary>The whole file as text; UTF-8, unless its first bytes say otherwise.</summary>
    /// <inheritdoc cref="ReadAllBytes"/>
    public static string ReadAllText(string path, int most)
    {
        using var reader = new StreamReader(new MemoryStream(ReadAllBytes(path, most)));
        return reader.ReadToEnd();
    }
}
