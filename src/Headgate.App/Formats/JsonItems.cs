using System.Buffers;
using System.Text.Json;
using Headgate.App.Input;

namespace Headgate.App.Formats;

/// <summary>
/// The items of an array somewhere in a JSON text that is too large to be held: one after the other, in a buffer that grows only for an item
/// that is larger than it. Not thread-safe; <see cref="Current"/> is gone at the next call.
/// </summary>
/// <param name="content">The text. Not owned.</param>
/// <param name="file">Its name, for messages.</param>
/// <param name="path">The names of the members that lead to the array.</param>
/// <param name="firstBuffer">The size of the buffer to begin with, in bytes.</param>
internal sealed class JsonItems(Stream content, string file, string[] path, int firstBuffer = 256 * 1024) : IDisposable
{
    /// <summary>The largest item, in bytes: an answer that a browser has recorded may be large.</summary>
    private const int MostBuffered = 512 << 20;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(firstBuffer);
    private int _read; // up to here there are bytes
    private int _parsed; // up to here they were looked at
    private int _item = -1; // where the item begins that is looked at; -1 for none
    private bool _atEnd;
    private TextPlace _beginning = TextPlace.Beginning; // of the buffer
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = 256 });
    private int _matched; // so many names of the path the reader is inside of
    private bool _isNext; // the next value is the one that the path leads on to
    private bool _isInside; // of the array

    /// <summary>Whether there was such an array.</summary>
    public bool WasFound { get; private set; }

    /// <summary>The item as it is written.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>Where the item begins.</summary>
    public TextPlace Place { get; private set; }

    /// <summary>Goes to the next item; false at the end of the text.</summary>
    /// <exception cref="InputException">It is no JSON, or an item is too large.</exception>
    public async ValueTask<bool> MoveNextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (TryFind())
                return true;
            if (_atEnd)
                return false;
            await FillAsync(cancellation);
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>Reads on in what is there; false when that is not enough.</summary>
    private bool TryFind()
    {
        var reader = new Utf8JsonReader(_buffer.AsSpan(_parsed, _read - _parsed), _atEnd, _state);
        var from = _parsed;
        try
        {
            while (reader.Read())
            {
                _parsed = from + (int)reader.BytesConsumed;
                if (!Take(ref reader, from))
                    continue;
                _state = reader.CurrentState;
                return true;
            }
        }
        catch (JsonException broken)
        {
            throw new InputException(Told(broken), broken);
        }
        (_state, _parsed) = (reader.CurrentState, from + (int)reader.BytesConsumed);
        return false;
    }

    /// <summary>Takes a token; says whether an item ends with it.</summary>
    private bool Take(ref Utf8JsonReader reader, int from)
    {
        if (!_isInside)
        {
            Follow(ref reader);
            return false;
        }
        // The array's own depth is the number of names that lead to it; its items are one deeper.
        if (reader.CurrentDepth == path.Length && reader.TokenType == JsonTokenType.EndArray)
            _isInside = false;
        if (!_isInside || reader.CurrentDepth != path.Length + 1)
            return false;
        if (_item < 0)
            _item = from + (int)reader.TokenStartIndex;
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            return false;
        Current = _buffer.AsMemory(_item, _parsed - _item);
        Place = _beginning.After(_buffer.AsSpan(0, _item));
        _item = -1;
        return true;
    }

    /// <summary>Goes along the path.</summary>
    private void Follow(ref Utf8JsonReader reader)
    {
        if (_isNext)
        {
            _isNext = false;
            var isLast = _matched == path.Length - 1;
            if (isLast && reader.TokenType == JsonTokenType.StartArray)
                (_isInside, WasFound) = (true, true);
            else if (!isLast && reader.TokenType == JsonTokenType.StartObject)
                _matched++;
        }
        else if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == _matched + 1)
            _isNext = _matched < path.Length && reader.ValueTextEquals(path[_matched]);
        else if (reader.TokenType == JsonTokenType.EndObject && _matched > 0 && reader.CurrentDepth == _matched)
            _matched--;
    }

    private async ValueTask FillAsync(CancellationToken cancellation)
    {
        var keep = _item < 0 ? _parsed : _item;
        _beginning = _beginning.After(_buffer.AsSpan(0, keep));
        _buffer.AsSpan(keep, _read - keep).CopyTo(_buffer);
        (_read, _parsed, _item) = (_read - keep, _parsed - keep, _item < 0 ? -1 : 0);
        if (_read == _buffer.Length)
        {
            if (_read >= MostBuffered)
                throw new InputException($"{file}:{_beginning.Line}:{_beginning.Column}: what begins here is larger than {MostBuffered >> 20} MiB");
            var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(0, _read).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        try
        {
            // A token that is not whole is read from its beginning again: better once for a full buffer than for each piece.
            var count = await content.ReadAtLeastAsync(_buffer.AsMemory(_read), _buffer.Length - _read, throwOnEndOfStream: false, cancellation);
            (_atEnd, _read) = (count < _buffer.Length - _read, _read + count);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw InputException.From(file, failure);
        }
    }

    private string Told(JsonException broken)
    {
        // The reader counts lines and the bytes in them from the beginning of the text.
        var (line, at) = ((broken.LineNumber ?? 0) + 1, broken.BytePositionInLine ?? 0);
        var (start, column) = (0, _beginning.Byte);
        for (var passed = _beginning.Line; passed < line && _buffer.AsSpan(start, _read - start).IndexOf((byte)'\n') is >= 0 and var end; passed++)
            (start, column) = (start + end + 1, 0);
        var place = _beginning.After(_buffer.AsSpan(0, (int)Math.Clamp(start + at - column, 0, _read)));
        return $"{file}:{place.Line}:{place.Column}: {Jobs.JsonFault.From(broken, default).Message}";
    }
}
