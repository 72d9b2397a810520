using System.Text;
using Headgate.App.Results;

namespace Headgate.Tests.Formats;

/// <summary>Keeps what is written.</summary>
internal sealed class MemorySink : IByteSink
{
    private readonly MemoryStream _written = new();

    public string Text => Encoding.UTF8.GetString(_written.ToArray());

    public string[] Lines => Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public void Write(ReadOnlySpan<byte> lines) => _written.Write(lines);

    public void Sync() { }

    public void Dispose() { }
}
