using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Headgate.Time;

/// <summary>
/// All alarms of the process on one thread that sleeps in the kernel until the next is due. Timers of the runtime are 1.6 ms late at
/// the median and 7 ms at the 99th percentile, and can fire early (CONFIG_HZ=250); this is some tens of microseconds late.
/// With nothing due it sleeps without end and costs nothing.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class ThreadAlarm : Alarm
{
    private static readonly Lazy<Sleeper> Shared = new(() => new Sleeper());

    private readonly Action _callback;
    private readonly Sleeper _sleeper = Shared.Value;
    private long _at = Clock.Never;

    public ThreadAlarm(Action callback) => _callback = callback;

    public override void Set(long at) => _sleeper.Set(this, at);

    public override void Dispose() => Set(Clock.Never);

    private sealed partial class Sleeper
    {
        private const int TimerSlack = 29;
        private const short Readable = 1;
        private const int FewEntries = 256;

        private readonly Lock _lock = new();
        private readonly PriorityQueue<ThreadAlarm, long> _alarms = new();
        private readonly List<ThreadAlarm> _due = [];
        private readonly Clock _clock = new(TimeProvider.System);
        private readonly int _wake = NewEvent(0, 0x80000 | 0x800); // close-on-exec, non-blocking

        /// <summary>How many entries, replaced ones among them, are worth looking through.</summary>
        private int _mostEntries = FewEntries;

        /// <summary>Until when the thread sleeps; not before now while it is awake.</summary>
        private long _sleepsUntil = long.MinValue;

        public Sleeper()
        {
            if (_wake < 0)
                throw new InvalidOperationException($"no event descriptor for the alarm thread (error {Marshal.GetLastPInvokeError()}); raise the limit of open files (ulimit -n)");
            new Thread(Run) { IsBackground = true, Name = "Headgate alarm" }.Start();
        }

        public void Set(ThreadAlarm alarm, long at)
        {
            lock (_lock)
            {
                if (alarm._at == at)
                    return;
                alarm._at = at;
                if (at == Clock.Never)
                    return;
                _alarms.Enqueue(alarm, at);
                if (_alarms.Count > _mostEntries)
                    DropReplacedNeedsLock();
                if (at >= _sleepsUntil)
                    return;
            }
            ReadOnlySpan<long> one = [1];
            Write(_wake, in one[0], sizeof(long));
        }

        private void Run()
        {
            // The kernel may round a sleep up by the slack, 50 µs by default, to wake less often.
            _ = SetTimerSlack(TimerSlack, 1, 0, 0, 0);
            while (true)
            {
                var next = TakeDue();
                if (_due.Count > 0)
                {
                    foreach (var alarm in _due)
                        alarm._callback();
                    _due.Clear();
                }
                else
                    Sleep(next - _clock.Now);
            }
        }

        /// <summary>Moves what is due to the list of the due; else says until when to sleep.</summary>
        private long TakeDue()
        {
            lock (_lock)
            {
                var now = _clock.Now;
                _sleepsUntil = long.MinValue;
                while (_alarms.TryPeek(out var alarm, out var at))
                {
                    if (alarm._at == at && at > now)
                        break;
                    _alarms.Dequeue();
                    // Set to another time since: that entry stands elsewhere in the queue.
                    if (alarm._at != at)
                        continue;
                    alarm._at = Clock.Never;
                    _due.Add(alarm);
                }
                if (_due.Count == 0)
                    _sleepsUntil = _alarms.TryPeek(out _, out var next) ? next : Clock.Never;
                return _sleepsUntil;
            }
        }

        /// <summary>An alarm set anew leaves its old entry behind until that is due, which may be tomorrow.</summary>
        private void DropReplacedNeedsLock()
        {
            var live = _alarms.UnorderedItems.Where(entry => entry.Element._at == entry.Priority).Distinct().ToList();
            _alarms.Clear();
            _alarms.EnqueueRange(live);
            _mostEntries = Math.Max(FewEntries, 2 * live.Count);
        }

        private void Sleep(long nanoseconds)
        {
            if (nanoseconds <= 0)
                return;
            var descriptor = new PollDescriptor { Descriptor = _wake, Events = Readable };
            var timeout = new TimeSpec { Seconds = Math.Min(nanoseconds / Clock.Second, 3600), Nanoseconds = nanoseconds % Clock.Second };
            if (Poll(ref descriptor, 1, in timeout, 0) > 0)
                Read(_wake, out _, sizeof(long));
        }

        [StructLayout(LayoutKind.Sequential)]
        private struct PollDescriptor
        {
            public int Descriptor;
            public short Events;
            public short Returned;
        }

        [StructLayout(LayoutKind.Sequential)]
        private struct TimeSpec
        {
            public nint Seconds64;
            public nint Nanoseconds64;

            public long Seconds { set => Seconds64 = (nint)value; }

            public long Nanoseconds { set => Nanoseconds64 = (nint)value; }
        }

        [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
        private static partial int NewEvent(uint value, int flags);

        [LibraryImport("libc", EntryPoint = "ppoll")]
        private static partial int Poll(ref PollDescriptor descriptors, nuint count, in TimeSpec timeout, nint signals);

        [LibraryImport("libc", EntryPoint = "write")]
        private static partial nint Write(int descriptor, in long value, nuint count);

        [LibraryImport("libc", EntryPoint = "read")]
        private static partial nint Read(int descriptor, out long value, nuint count);

        [LibraryImport("libc", EntryPoint = "prctl")]
        private static partial int SetTimerSlack(int option, nuint nanoseconds, nuint unused3, nuint unused4, nuint unused5);
    }
}
