namespace Headgate;

/// <summary>
/// How urgent a request is. Higher ones go first; within one priority tenants share fairly, then first come first served.
/// Lower ones age: nothing is passed over for ever.
/// </summary>
public enum RequestPriority
{
    /// <summary>Goes before everything else.</summary>
    Critical = 1,

    /// <summary>Goes before ordinary work.</summary>
    High = 2,

    /// <summary>Ordinary work; the default.</summary>
    Medium = 3,

    /// <summary>Goes when nothing ordinary waits.</summary>
    Low = 4,

    /// <summary>Goes when nothing else waits.</summary>
    Background = 5,
}
