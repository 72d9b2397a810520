using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Headgate.Benchmarks;

/// <summary>
/// A server that answers every request without a body with the same 200, after a stated delay. One thread on epoll and nothing
/// else, so that on two cores it is the client that is measured: 3 to 4 µs of CPU a request.
/// </summary>
internal sealed partial class Origin
{
    private const int ReadSize = 64 * 1024;
    private const int ReadyAtOnce = 1024;
    private const uint In = 1;

    private static readonly byte[] Answer =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: origin\r\nContent-Length: 64\r\n\r\n{\"id\":12345,\"name\":\"an answer of a usual kind\",\"price\":\"12.50\"}\n"u8.ToArray();

    // On x64 the kernel packs the structure: 4 bytes of events, 8 of data.
    private static readonly (int Size, int Data) Event = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? (12, 4) : (16, 8);

    private readonly int _listener;
    private readonly int _poll = NewPoll(0);
    private readonly long _delayTicks;
    private readonly Queue<(int Socket, int Count, long Due)> _later = new();
    private readonly Dictionary<int, int> _matched = []; // of the blank line that ends a request, by connection
    private readonly byte[] _buffer = new byte[ReadSize];
    private readonly byte[] _answers = [.. Enumerable.Repeat(Answer, 64).SelectMany(answer => answer)];

    private Origin(int listener, TimeSpan delay)
    {
        (_listener, _delayTicks) = (listener, (long)(delay.TotalSeconds * Stopwatch.Frequency));
        Watch(listener);
    }

    /// <summary>Serves until the process that started it has gone: its standard input ends then.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(4096);
        socket.Blocking = false;
        var delay = args.Length > 0 ? TimeSpan.FromMilliseconds(double.Parse(args[0])) : TimeSpan.Zero;
        var origin = new Origin((int)socket.Handle, delay);
        new Thread(origin.Serve) { IsBackground = true }.Start();
        Console.WriteLine(((IPEndPoint)socket.LocalEndPoint!).Port);
        await Console.In.ReadLineAsync();
        return 0;
    }

    private unsafe void Serve()
    {
        var events = new byte[Event.Size * ReadyAtOnce];
        while (true)
        {
            var wait = _later.TryPeek(out var next) ? Math.Max(0, (int)((next.Due - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency)) : -1;
            int count;
            fixed (byte* first = events)
                count = Wait(_poll, first, ReadyAtOnce, wait);
            for (var i = 0; i < count; i++)
            {
                var descriptor = MemoryMarshal.Read<int>(events.AsSpan(i * Event.Size + Event.Data));
                if (descriptor == _listener)
                    Accept();
                else
                    Read(descriptor);
            }
            while (_later.TryPeek(out var due) && due.Due <= Stopwatch.GetTimestamp())
            {
                _later.Dequeue();
                Reply(due.Socket, due.Count);
            }
        }
    }

    private void Accept()
    {
        int accepted;
        while ((accepted = Accept(_listener, 0, 0, 0x800)) >= 0)
        {
            _matched[accepted] = 0;
            Watch(accepted);
        }
    }

    private unsafe void Read(int socket)
    {
        nint length;
        fixed (byte* buffer = _buffer)
            length = Read(socket, buffer, ReadSize);
        if (length <= 0)
        {
            Close(socket);
            return;
        }
        var requests = Count(socket, _buffer.AsSpan(0, (int)length));
        if (requests > 0 && _delayTicks == 0)
            Reply(socket, requests);
        else if (requests > 0)
            _later.Enqueue((socket, requests, Stopwatch.GetTimestamp() + _delayTicks));
    }

    private int Count(int socket, ReadOnlySpan<byte> bytes)
    {
        // Nearly always one whole request.
        if (_matched[socket] == 0 && bytes.EndsWith("\r\n\r\n"u8) && bytes.IndexOf("\r\n\r\n"u8) == bytes.Length - 4)
            return 1;
        var (matched, count) = (_matched[socket], 0);
        foreach (var letter in bytes)
        {
            matched = letter == "\r\n\r\n"u8[matched] ? matched + 1 : letter == '\r' ? 1 : 0;
            if (matched < 4)
                continue;
            (matched, count) = (0, count + 1);
        }
        _matched[socket] = matched;
        return count;
    }

    private unsafe void Reply(int socket, int count)
    {
        fixed (byte* answers = _answers)
            for (; count > 0; count -= 64)
                _ = Write(socket, answers, Math.Min(count, 64) * Answer.Length);
    }

    private unsafe void Watch(int descriptor)
    {
        Span<byte> wanted = stackalloc byte[16];
        MemoryMarshal.Write(wanted, In);
        MemoryMarshal.Write(wanted[Event.Data..], (long)descriptor);
        fixed (byte* first = wanted)
            _ = Control(_poll, 1, descriptor, first);
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1")]
    private static partial int NewPoll(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl")]
    private static unsafe partial int Control(int poll, int operation, int descriptor, byte* wanted);

    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    private static unsafe partial int Wait(int poll, byte* events, int most, int milliseconds);

    [LibraryImport("libc", EntryPoint = "accept4")]
    private static partial int Accept(int listener, nint address, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "read")]
    private static unsafe partial nint Read(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write")]
    private static unsafe partial nint Write(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}

/// <summary>An <see cref="Origin"/> in a process of its own, so that it shares neither heap nor collector with what is measured. Ends with this object.</summary>
internal sealed class OriginProcess : IDisposable
{
    private readonly Process _process;

    private OriginProcess(Process process, int port) => (_process, Uri) = (process, new Uri($"http://127.0.0.1:{port}/v1/items?page=1"));

    public Uri Uri { get; }

    public static async Task<OriginProcess> StartAsync(TimeSpan delay = default)
    {
        var process = Machine.Self("origin", delay.TotalMilliseconds.ToString());
        return new OriginProcess(process, int.Parse((await process.StandardOutput.ReadLineAsync())!));
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000))
            _process.Kill();
        _process.Dispose();
    }
}
