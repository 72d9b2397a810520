using System.Buffers;
using System.Text;

namespace Headgate.Remote;

/// <summary>An event as a server has sent it.</summary>
/// <param name="Name">Its type.</param>
/// <param name="Data">Its data.</param>
/// <param name="Id">The last id that was told up to here; null for none.</param>
internal readonly record struct ServerEvent(string Name, string Data, string? Id);

/// <summary>Takes server-sent events out of bytes as they come (WHATWG HTML §9.2). Not thread-safe.</summary>
internal sealed class ServerEvents
{
    /// <summary>No line and no event of a service comes near.</summary>
    private const int Largest = 1 << 20;

    private readonly ArrayBufferWriter<byte> _line = new(256);
    private readonly StringBuilder _data = new();
    private string _name = "";
    private bool _hasReturned;
    private bool _hasData;

    /// <summary>The id of the last event, also where that had no data; null for none.</summary>
    public string? LastId { get; private set; }

    /// <summary>Takes bytes, and gives the events that are whole.</summary>
    /// <exception cref="InvalidDataException">An event is larger than any is.</exception>
    public IReadOnlyList<ServerEvent> Take(ReadOnlySpan<byte> bytes)
    {
        var events = new List<ServerEvent>();
        while (!bytes.IsEmpty)
        {
            if (_hasReturned && bytes[0] == (byte)'\n')
                bytes = bytes[1..];
            _hasReturned = false;
            var end = bytes.IndexOfAny((byte)'\r', (byte)'\n');
            _line.Write(end < 0 ? bytes : bytes[..end]);
            if (_line.WrittenCount + _data.Length > Largest)
                throw new InvalidDataException("an event is larger than 1 MiB");
            if (end < 0)
                break;
            _hasReturned = bytes[end] == (byte)'\r';
            bytes = bytes[(end + 1)..];
            TakeLine(Encoding.UTF8.GetString(_line.WrittenSpan), events);
            _line.ResetWrittenCount();
        }
        return events;
    }

    private void TakeLine(string line, List<ServerEvent> events)
    {
        if (line.Length == 0)
        {
            if (_hasData)
                events.Add(new ServerEvent(_name.Length > 0 ? _name : "message", _data.ToString(), LastId));
            (_name, _hasData) = ("", false);
            _data.Clear();
            return;
        }
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        var field = colon < 0 ? line : line[..colon];
        var value = colon < 0 ? "" : line[(colon + 1)..];
        value = value.StartsWith(' ') ? value[1..] : value;
        if (field == "event")
            _name = value;
        else if (field == "id" && !value.Contains('\0', StringComparison.Ordinal))
            LastId = value;
        else if (field == "data")
        {
            if (_hasData)
                _data.Append('\n');
            _data.Append(value);
            _hasData = true;
        }
    }
}
